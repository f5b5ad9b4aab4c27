// Decides how mailboxes are asked about again when nobody can read the answer to their batch.

/** So many unreadable batches in a row mean that no smaller batch can help. */
const MOST_UNREAD_IN_A_ROW = 8;
/** So many failed requests for one mailbox in a row mean that Graph itself fails, and more of them are only a load. */
const MOST_ALONE_IN_A_ROW = 8;

/** One for each shard, because its batches fail together when Graph does. */
export class SmallerParts {
  #unread = 0;
  #alone = 0;

  /**
   * Takes the result of a batch. Returns the largest batch for the next try of its mailboxes if it could not be read: half
   * of it, or 0 for each alone.
   */
  noteBatch(size: number, isUnread: boolean): number {
    this.#unread = isUnread ? this.#unread + 1 : 0;
    const half = Math.floor(size / 2);
    return half < 2 || this.#unread >= MOST_UNREAD_IN_A_ROW ? 0 : half;
  }

  /** Takes the result of a request about one mailbox. */
  noteAlone(isFailed: boolean): void {
    this.#alone = isFailed ? this.#alone + 1 : 0;
  }

  /** Whether a request about one mailbox is worth a try. */
  get mayAskAlone(): boolean {
    return this.#alone < MOST_ALONE_IN_A_ROW;
  }
}
