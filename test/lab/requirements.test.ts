import { afterEach, expect, test, vi } from 'vitest';
import { asOrdinaryUser } from '../unprivileged.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

test('what is missing is named with the package to install', async () => {
  vi.stubEnv('PATH', '/nonexistent');
  vi.resetModules();
  const { demandLab, labRequirements } = await import('../../src/lab/requirements.js');
  const { missing } = labRequirements();
  // /usr/bin is out of the path, so these are missing wherever the test runs.
  expect(missing).toContain('curl (apt-get install curl)');
  expect(missing).toContain('ssh, scp, sftp, ssh-keygen (apt-get install openssh-client)');
  expect(() => demandLab()).toThrowError(
    expect.objectContaining({ code: 'NL_RIGHTS', message: expect.stringContaining('apt-get install curl') }),
  );
});

test('a service left out is not asked for', async () => {
  vi.stubEnv('PATH', '/nonexistent');
  vi.resetModules();
  const { labRequirements } = await import('../../src/lab/requirements.js');
  const names = (without: Parameters<typeof labRequirements>[0]) => labRequirements(without).missing.filter((m) => m.includes('rsync'));
  expect(names([])).toEqual(['rsync (apt-get install rsync)']);
  expect(names(['rsync'])).toEqual([]);
  expect(labRequirements(['rsync']).services).toContain('rsync');
});

test('without root the right is named first', async () => {
  const { labRequirements } = await import('../../src/lab/requirements.js');
  await asOrdinaryUser(async () => expect(labRequirements().missing[0]).toContain('root'));
});
