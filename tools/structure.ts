// `npm run structure` prints the shape of the repository: folders, files and lines, which folder imports which, and circles
// between them. tests/structure.test.ts judges the same graph.
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
  return files.filter(isModule).flatMap((from) => {
    const { importedFiles } = ts.preProcessFile(read(from), true, true);
    return importedFiles
      .filter(({ fileName }) => fileName.startsWith("."))
      .map(({ fileName }) => ({ from, to: join(dirname(from), fileName) }));
  });
}

/**
 * Circles between neighbours: at each level, a folder (with all below it) and what lies beside it, folders or single files, that import each
 * other, directly or through others. So a folder may take from the files beside it, as long as those that take from it are others.
 */
export function circlesAmong(imports: readonly Import[]): readonly (readonly string[])[] {
  const neighbours = new Map<string, Map<string, Set<string>>>();
  for (const { from, to } of imports) {
    const [a, b] = apart(from, to);
    const level = neighbours.get(dirname(a)) ?? new Map<string, Set<string>>();
    neighbours.set(dirname(a), level.set(a, (level.get(a) ?? new Set()).add(b)));
  }
  return [...neighbours.values()].flatMap(circlesIn);
}

/** Where two paths part: the neighbours that hold them, at the lowest level that both are on. */
function apart(from: string, to: string): readonly [string, string] {
  const [a, b] = [from.split("/"), to.split("/")];
  const level = a.findIndex((part, index) => part !== b[index]) + 1;
  return [a.slice(0, level).join("/"), b.slice(0, level).join("/")];
}

function circlesIn(next: ReadonlyMap<string, ReadonlySet<string>>): readonly (readonly string[])[] {
  const reach = new Map([...next.keys()].map((one) => [one, reachable(one, next)]));
  const circles = [...reach].map(([one, reached]) =>
    [...reach.keys()].filter((other) => reached.has(other) && reach.get(other)?.has(one)).sort(),
  );
  return [...new Map(circles.map((circle) => [circle.join(), circle])).values()].filter(
    // Files that need each other are the linter's business (noImportCycles).
    (circle) => circle.length > 1 && circle.some((one) => !isModule(one)),
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

function isModule(file: string): boolean {
  return /\.(ts|js|mjs|cjs)$/.test(file);
}

function read(file: string): string {
  return readFileSync(join(PROJECT, file), "utf8");
}

/** Prints it all. */
export function printStructure(): void {
  const files = trackedFiles();
  const imports = importsAmong(files);
  console.log(sizes(files));
  console.log(`\nImports between folders\n${importTable(imports)}`);
  // Tests stand with what they test, and take what they need from anywhere.
  const circles = circlesAmong(imports.filter(({ from }) => !/(^|\/)tests\//.test(from)));
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
