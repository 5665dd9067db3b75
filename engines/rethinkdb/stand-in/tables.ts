/** Documents by table and key, in memory: what the log of the quorum makes of them. */
export interface Tables {
  names(): readonly string[];
  documents(table: string): readonly object[] | undefined;
  /** False where there is such a table already. */
  create(table: string): boolean;
  /** False where the key is taken. */
  insert(table: string, key: string, document: object): boolean;
}

export function createTables(): Tables {
  const tables = new Map<string, Map<string, object>>();
  return {
    names: () => [...tables.keys()].sort(),
    documents: (table) => {
      const rows = tables.get(table);
      return rows && [...rows.values()];
    },
    create(table) {
      if (tables.has(table)) return false;
      tables.set(table, new Map());
      return true;
    },
    insert(table, key, document) {
      const rows = tables.get(table);
      if (!rows || rows.has(key)) return false;
      rows.set(key, document);
      return true;
    },
  };
}
