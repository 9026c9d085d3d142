import type { Command } from 'commander';
import { recordLab } from '../lab/record.js';
import { interruptSignal } from './interrupt.js';

export function addLab(program: Command): void {
  const lab = program.command('lab').description('real traffic between network namespaces of its own');
  lab
    .command('record')
    .description('record a day: real programs, real attack tools, truth by packet (needs root and the programs that doctor names)')
    .argument('<day>', 'day1 or day2')
    .option('--seconds <n>', 'length of the recording', Number, 1450)
    .option('--seed <n>', "decides the users' choices", Number, 1)
    .option('--out <dir>', 'folder to write', 'lab-recording')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  sudo npx netloop lab record day1 --out my-day')
    .action(async (day: string, options: { seconds: number; seed: number; out: string; json?: boolean }) => {
      const report = await recordLab({
        day: day as 'day1' | 'day2',
        seconds: options.seconds,
        seed: options.seed,
        out: options.out,
        signal: interruptSignal(),
        onProgress: options.json ? undefined : (text: string) => process.stderr.write(`${text}\n`),
      });
      process.stdout.write(`${JSON.stringify(report, null, options.json ? 0 : 2)}\n`);
    });
}
