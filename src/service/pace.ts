import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Flows, Frames, Source } from '../source.js';

/** Capture seconds a second, or as fast as it is read. */
export type Speed = number | 'max';

/** Events between two looks around, and milliseconds between two breaths of a quiet source. */
const PIECE = 512;
const BREATH = 100;
/** Wall time that one piece of a paced replay stands for, milliseconds. */
const STRETCH = 50;

const sizeOf = (batch: Frames | Flows): number => (batch.kind === 'frames' ? batch.count : batch.flows.length);
const timeOf = (batch: Frames | Flows, i: number): number =>
  batch.kind === 'frames' ? batch.ts[i]! : batch.flows[i]!.ts + batch.flows[i]!.duration;

function slice(batch: Frames | Flows, from: number, to: number): Frames | Flows {
  if (batch.kind === 'flows') return { kind: 'flows', flows: batch.flows.slice(from, to) };
  const { offset, captured, length, ts, link } = batch;
  return {
    ...batch,
    count: to - from,
    offset: offset.subarray(from, to),
    captured: captured.subarray(from, to),
    length: length.subarray(from, to),
    ts: ts.subarray(from, to),
    link: link.subarray(from, to),
  };
}

/**
 * A recording played as if it happened now: at `speed` it behaves as a wire (it does not wait for cycles); at 'max' it stays a replay that
 * waits for them. In small pieces either way, so that others get their turn. Aborting `stop` ends it like the end of the file. A wire is
 * passed on as it is: it has its own pace, and is told to stop where it is opened.
 */
export function paceSource(source: Source, { speed, stop }: { readonly speed: Speed; readonly stop: AbortSignal }): Source {
  if (source.live) return source;
  const paced = speed !== 'max';
  const until = async (at: number): Promise<boolean> => {
    const left = at - performance.now();
    if (left <= 0) return true;
    await sleep(Math.min(left, BREATH), undefined, { signal: stop }).catch(() => {}); // stopped: seen by the caller
    return left <= BREATH;
  };

  async function* read(options: Parameters<Source['read']>[0] = {}): AsyncGenerator<Frames | Flows> {
    let zero: { readonly ts: number; readonly at: number } | null = null;
    const rate = speed === 'max' ? 1 : speed;
    try {
      for await (const batch of source.read(options)) {
        for (let from = 0; from < sizeOf(batch); ) {
          const ts = timeOf(batch, from);
          let to = from + 1;
          const most = Math.min(sizeOf(batch), from + PIECE);
          while (to < most && (!paced || timeOf(batch, to) <= ts + STRETCH * 1e3 * rate)) to++;
          await turn();
          if (paced) {
            zero ??= { ts, at: performance.now() };
            const at = zero.at + (ts - zero.ts) / 1e3 / rate;
            while (!stop.aborted && !(await until(at))) yield { kind: 'flows', flows: [] };
          }
          if (stop.aborted) return;
          yield slice(batch, from, to);
          from = to;
        }
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  }
  return { ...source, live: paced, read, damage: () => source.damage() };
}
