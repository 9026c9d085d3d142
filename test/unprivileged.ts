/** Runs `body` as an ordinary user: a test that runs as root gives its rights up for that long. */
export async function asOrdinaryUser<T>(body: () => Promise<T>): Promise<T> {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65534); // nobody
  try {
    return await body();
  } finally {
    if (root) process.seteuid?.(0);
  }
}
