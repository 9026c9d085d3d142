// Adds up what the test tiers reported: each failure and each second try with its message, then one closing line.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const sum = { passed: 0, failed: 0, skipped: 0 };
const shortly = (message) => (message ?? '').split('\n').slice(0, 12).join('\n    ').slice(0, 1500);
for (const tier of ['fast', 'all']) {
  const file = join(root, '.netloop', `tests-${tier}.json`);
  if (!existsSync(file)) {
    console.log(`${tier}: no report`);
    sum.failed++;
    continue;
  }
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const unnamed = !report.success && report.numFailedTests === 0; // a file that did not load, or an error outside every test
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests + (unnamed ? 1 : 0);
  sum.skipped += report.numPendingTests + (report.numTodoTests ?? 0);
  for (const { name, status, message, assertionResults } of report.testResults) {
    for (const test of assertionResults.filter((each) => each.status === 'passed' && each.failureMessages?.length > 0))
      console.log(`AT THE SECOND TRY ${relative(root, name)}\n  ${test.fullName}\n    ${test.failureMessages.map(shortly).join('\n    ')}`);
    if (status !== 'failed') continue;
    console.log(`FAILED ${relative(root, name)}${message ? `\n    ${shortly(message)}` : ''}`);
    for (const test of assertionResults.filter((each) => each.status === 'failed'))
      console.log(`  ${test.fullName}\n    ${test.failureMessages.map(shortly).join('\n    ')}`);
  }
  if (unnamed) console.log(`FAILED ${tier}: an error outside every test; see above`);
}
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
