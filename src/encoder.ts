/** A fitted encoder at rest. Fitted once a lineage, stored in every version, never refitted on test data. */
export interface EncoderFile {
  readonly format: 'netloop-encoder-1';
  /** Hash of the feature names in order: two encoders with the same schema read the same rows. */
  readonly schema: string;
  readonly numeric: readonly { readonly name: string; readonly log: boolean; readonly mean: number; readonly scale: number }[];
  /** Known values of each categorical feature, in order; any other value is 'other', the last position. */
  readonly categorical: readonly { readonly name: string; readonly values: readonly string[] }[];
  /** Columns of an encoded row. */
  readonly width: number;
}
