/** What a database was told of one project. */
export interface ReconciledProject {
  readonly project: string;
  readonly manifest: string;
  readonly sandbox: boolean;
  /** Purchases that it did not have, and those that it knew less of. */
  readonly added: number;
  readonly advanced: number;
  /** Purchases that a worker is at, of which the receipts know more. */
  readonly in_hand: number;
}

/** What a database was told by all receipts, and who buys again. */
export interface Reconciled {
  readonly projects: readonly ReconciledProject[];
  /** Ids of projects whose receipts do not say what they are called. */
  readonly unnamed: readonly string[];
  /** The accounts that were stopped because of what it had forgotten. */
  readonly resumed: readonly { readonly gateway: string; readonly name: string }[];
}
