import { grouped } from './format.js';
import type { Reply } from './kernel.js';
import { LIVE, type Output } from './notebook-file.js';

/** Characters of text that one cell may print, and displays that it may show; what comes after is counted, not kept. */
export const MOST_TEXT = 2_000_000;
export const MOST_DISPLAYS = 500;

export interface Outputs {
  take(reply: Exclude<Reply, { kind: 'end' }>): void;
  /** What the cell put out, with a line on what was not kept. */
  all(): Output[];
}

/** Outputs of one cell as they arrive: streams run together, displays with an id are replaced where they stand. */
export function createOutputs(): Outputs {
  const outputs: Output[] = [];
  const places = new Map<string, number>();
  let text = 0;
  let displays = 0;
  let lostText = 0;
  let lostDisplays = 0;
  const print = (name: 'stdout' | 'stderr', added: string): void => {
    const last = outputs.at(-1);
    if (last?.output_type === 'stream' && last.name === name) outputs[outputs.length - 1] = { ...last, text: last.text + added };
    else outputs.push({ output_type: 'stream', name, text: added });
  };
  return {
    take(reply) {
      if (reply.kind === 'stream') {
        const kept = reply.text.slice(0, Math.max(0, MOST_TEXT - text));
        text += kept.length;
        lostText += reply.text.length - kept.length;
        if (kept.length > 0) print(reply.name, kept);
        return;
      }
      // What is drawn over and over (bars, growing tables) speaks of time; it is marked, so that reruns do not compare it.
      const output: Output = { output_type: 'display_data', data: reply.data, metadata: reply.id === null ? {} : { [LIVE]: true } };
      const place = reply.id === null ? undefined : places.get(reply.id);
      if (place !== undefined) outputs[place] = output;
      else if (displays >= MOST_DISPLAYS) lostDisplays++;
      else {
        displays++;
        if (reply.id !== null) places.set(reply.id, outputs.length);
        outputs.push(output);
      }
    },
    all() {
      const lost = [
        lostText > 0 ? `${grouped(lostText)} characters` : '',
        lostDisplays > 0 ? `${grouped(lostDisplays)} displays` : '',
      ].filter(Boolean);
      if (lost.length === 0) return outputs;
      return [...outputs, { output_type: 'stream', name: 'stderr', text: `not kept: ${lost.join(' and ')} more of this cell's output\n` }];
    },
  };
}

/** tslab prints an error to standard error; nbformat has an output of its own for it. `why` is given where the kernel could not say it. */
export function withError(outputs: readonly Output[], why: string | null): { outputs: Output[]; message: string } {
  const printed = outputs.filter((o) => o.output_type === 'stream' && o.name === 'stderr');
  const text = why ?? printed.map((o) => ('text' in o ? o.text : '')).join('');
  const lines = text.trim().split('\n');
  const message = lines.find((line) => /^(?:Uncaught )?(?:NL_\w+|\w*Error)\b/.test(line)) || lines[0] || 'failed without a word';
  const ename = /^(?:Uncaught )?(NL_\w+|\w*Error)\b/.exec(message)?.[1] ?? 'Error';
  const kept = why === null ? outputs.filter((o) => !printed.includes(o)) : outputs;
  return { outputs: [...kept, { output_type: 'error', ename, evalue: message, traceback: lines }], message };
}
