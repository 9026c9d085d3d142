/** What open pages are told, as it happens. */
export type ServiceEvent =
  | { readonly kind: 'alert'; readonly data: { readonly id: string; readonly ts: number; readonly source: string; readonly rule: string } }
  | { readonly kind: 'cycle'; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: 'sniffer'; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: 'config'; readonly data: readonly unknown[] }
  | { readonly kind: 'health'; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: 'status'; readonly data: Readonly<Record<string, unknown>> };

export type Listener = (event: ServiceEvent) => void;

/** Tells every listener; one that throws is its own problem. */
export interface EventHub {
  emit: Listener;
  /** @returns the way to leave */
  listen(listener: Listener): () => void;
  listeners(): number;
}

export function createEventHub(): EventHub {
  const listeners = new Set<Listener>();
  return {
    emit(event) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch {
          listeners.delete(listener);
        }
      }
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    listeners: () => listeners.size,
  };
}
