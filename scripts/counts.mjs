// Adds up what the test tiers reported and prints one closing line.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const tier of ['fast', 'all']) {
  const file = join(import.meta.dirname, '..', '.netloop', `tests-${tier}.json`);
  if (!existsSync(file)) {
    console.log(`${tier}: no report`);
    sum.failed++;
    continue;
  }
  const report = JSON.parse(readFileSync(file, 'utf8'));
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests + (report.success || report.numFailedTests > 0 ? 0 : 1);
  sum.skipped += report.numPendingTests + (report.numTodoTests ?? 0);
}
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
