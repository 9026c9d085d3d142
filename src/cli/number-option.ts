import { NetloopError } from '../errors.js';

/**
 * Reads an option that is a number; its range is checked where it is used.
 * @throws NL_OPTION `invalid --idle: expected a number, got soon`
 * @example command.option('--idle <seconds>', 'silence that ends a flow', numeric('idle'))
 */
export const numeric =
  (name: string) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isNaN(value)) return value;
    throw new NetloopError('NL_OPTION', `invalid --${name}: expected a number, got ${text === '' ? 'nothing' : text}`, {
      where: { option: name },
    });
  };
