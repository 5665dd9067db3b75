// `node tools/structure.ts`: the shape of the repository. Folders, files and lines, which folder imports which, and the circles
// among them. tests/structure.test.ts judges the same graph.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import ts from "typescript";

const PROJECT = resolve(import.meta.dirname, "..");

/** An import of one of the repository's files by another. Both are paths from the project's folder. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** Everything that git tracks. */
export function trackedFiles(): readonly string[] {
  const listed = execFileSync("git", ["ls-files", "-z"], { cwd: PROJECT, encoding: "utf8" });
  return listed.split("\0").filter((file) => file !== "");
}

/** All imports among the repository's own modules: of values and of types, static and dynamic. */
export function importsAmong(files: readonly string[]): readonly Import[] {
  return files
    .filter((file) => /\.(ts|js|mjs|cjs)$/.test(file))
    .flatMap((from) => {
      const { importedFiles } = ts.preProcessFile(read(from), true, true);
      return importedFiles
        .filter(({ fileName }) => fileName.startsWith("."))
        .map(({ fileName }) => ({ from, to: join(dirname(from), fileName) }));
    });
}

/** Groups of folders of which each reaches each other one by imports. */
export function circlesAmong(imports: readonly Import[]): readonly (readonly string[])[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of imports)
    next.set(dirname(from), (next.get(dirname(from)) ?? new Set()).add(dirname(to)));
  const reach = new Map([...next.keys()].map((folder) => [folder, reachable(folder, next)]));
  const meets = (a: string, b: string): boolean =>
    a === b || (reach.get(a)?.has(b) === true && reach.get(b)?.has(a) === true);
  const circles = [...reach.keys()].map((one) =>
    [...reach.keys()].filter((other) => meets(one, other)).sort(),
  );
  return [...new Map(circles.map((circle) => [circle.join(), circle])).values()].filter(
    ({ length }) => length > 1,
  );
}

function reachable(start: string, next: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const found = new Set<string>();
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const to of next.get(at) ?? [])
      if (!found.has(to)) {
        found.add(to);
        open.push(to);
      }
  return found;
}

function read(file: string): string {
  return readFileSync(join(PROJECT, file), "utf8");
}

if (import.meta.main) print();

function print(): void {
  const files = trackedFiles();
  const imports = importsAmong(files);
  console.log(sizes(files));
  console.log(`\nImports between folders\n${importTable(imports)}`);
  const circles = circlesAmong(imports);
  console.log(`\nCircles between folders: ${circles.length}`);
  for (const circle of circles) {
    console.log(`  ${circle.join(" ⇄ ")}`);
  }
}

function sizes(files: readonly string[]): string {
  const rows = new Map<string, { folders: Set<string>; files: number; lines: number }>();
  for (const file of files)
    for (const key of [topOf(file), "all"]) {
      const row = rows.get(key) ?? { folders: new Set(), files: 0, lines: 0 };
      row.folders.add(dirname(file));
      row.files += 1;
      row.lines += read(file).split("\n").length - 1;
      rows.set(key, row);
    }
  return table([
    ["", "folders", "files", "lines"],
    ...[...rows]
      .sort(([a], [b]) => Number(a === "all") - Number(b === "all") || (a < b ? -1 : 1))
      .map(([name, row]) => [name, `${row.folders.size}`, `${row.files}`, `${row.lines}`]),
  ]);
}

function topOf(file: string): string {
  return file.includes("/") ? (file.split("/")[0] ?? "") : ".";
}

/** Two levels are enough to see who uses whom. */
function importTable(imports: readonly Import[]): string {
  const area = (file: string) => dirname(file).split("/").slice(0, 2).join("/");
  const counts = new Map<string, Map<string, number>>();
  for (const { from, to } of imports) {
    if (area(from) === area(to)) continue;
    const row = counts.get(area(from)) ?? new Map<string, number>();
    counts.set(area(from), row.set(area(to), (row.get(area(to)) ?? 0) + 1));
  }
  return table(
    [...counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([from, row]) => [
        from,
        [...row]
          .sort(([, a], [, b]) => b - a)
          .map(([to, count]) => `${to} ${count}`)
          .join(", "),
      ]),
  );
}

/** Columns in line: the first and any of text to the left, figures to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 || !/^\d*$|^(folders|files|lines)$/.test(cell)
            ? cell.padEnd(column === row.length - 1 ? 0 : (widths[column] ?? 0))
            : cell.padStart(widths[column] ?? 0),
        )
        .join("  "),
    )
    .join("\n");
}
