/** What an archive holds under one name; it must be read, if at all, before the next is asked for. */
export interface ArchiveEntry {
  readonly name: string;
  /** `other`: a link or device. */
  readonly type: 'file' | 'folder' | 'other';
  /** As the archive says; no more come. */
  readonly bytes: number;
  /** Why it cannot be read, or null: it is encrypted, or packed in a way that is not known. */
  readonly unreadable: string | null;
  open(): Promise<AsyncIterable<Uint8Array>>;
}
