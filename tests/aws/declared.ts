// Reads what the declarations of the installed @pulumi/aws say of a resource's arguments, by syntax alone.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import ts from "typescript";

const root = dirname(createRequire(import.meta.url).resolve("@pulumi/aws/package.json"));

export interface Declared {
  readonly required: boolean;
  readonly kind: "string" | "number" | "boolean" | "asset" | "list" | "map" | "object" | "other";
  /** Of a list, a map or an object: what is in it. */
  readonly of?: Declared | undefined;
  /** Of an object: the name under `inputs`, such as `ec2.InstanceRootBlockDevice`. */
  readonly name?: string;
  readonly doc: string;
}

export interface Resource {
  readonly type: string;
  readonly inputs: ReadonlyMap<string, Declared>;
  readonly outputs: ReadonlySet<string>;
}

/** Of a type such as `aws:ec2/vpc:Vpc`. */
export function declaredResource(type: string): Resource {
  const [, path = "", name = ""] = type.split(":");
  const file = parse(join(root, `${path}.d.ts`));
  const code = readFileSync(join(root, `${path}.js`), "utf8");
  const outputs = membersOf(file, name).filter(ts.isPropertyDeclaration).map(nameOf);
  return {
    type: /__pulumiType = '(.*)'/.exec(code)?.[1] ?? "none",
    inputs: properties(membersOf(file, `${name}Args`)),
    outputs: new Set(outputs),
  };
}

let inputs: ts.SourceFile | undefined;

/** Of a name under `inputs`, such as `ec2.InstanceRootBlockDevice`. */
export function declaredObject(name: string): ReadonlyMap<string, Declared> {
  inputs ??= parse(join(root, "types", "input.d.ts"));
  const [namespace = "", member = ""] = name.split(".");
  const block = inputs.statements
    .filter(ts.isModuleDeclaration)
    .find((module) => module.name.text === namespace)?.body;
  if (!block || !ts.isModuleBlock(block)) throw new Error(`no namespace ${namespace}`);
  return properties(membersOf(block, member));
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
}

function membersOf(
  { statements }: { statements: ts.NodeArray<ts.Statement> },
  name: string,
): readonly (ts.TypeElement | ts.ClassElement)[] {
  const found = statements
    .filter((node) => ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node))
    .find((node) => node.name?.text === name);
  if (!found) throw new Error(`@pulumi/aws declares no ${name}`);
  return [...found.members];
}

function properties(
  members: readonly (ts.TypeElement | ts.ClassElement)[],
): ReadonlyMap<string, Declared> {
  return new Map(
    members.filter(ts.isPropertySignature).map((member) => [
      nameOf(member),
      {
        ...kindOf(member.type),
        required: member.questionToken === undefined,
        doc: ts
          .getJSDocCommentsAndTags(member)
          .map((doc) => doc.getText())
          .join("\n"),
      },
    ]),
  );
}

function nameOf({ name }: { name: ts.PropertyName }): string {
  return name.getText();
}

/** `pulumi.Input<…>` is taken off; of several possibilities that which is written first, without `undefined`. */
function kindOf(node: ts.TypeNode | undefined): Declared {
  const plain = { required: false, doc: "" };
  if (!node) return { ...plain, kind: "other" };
  if (ts.isUnionTypeNode(node)) return kindOf(node.types[0]);
  if (ts.isArrayTypeNode(node)) return { ...plain, kind: "list", of: kindOf(node.elementType) };
  if (ts.isTypeLiteralNode(node)) {
    const index = node.members.find(ts.isIndexSignatureDeclaration);
    return { ...plain, kind: "map", of: kindOf(index?.type) };
  }
  if (ts.isTypeReferenceNode(node)) {
    const name = node.typeName.getText();
    if (name === "pulumi.Input") return kindOf(node.typeArguments?.[0]);
    if (name.startsWith("pulumi.asset.")) return { ...plain, kind: "asset" };
    if (name.startsWith("inputs.")) {
      return { ...plain, kind: "object", name: name.slice("inputs.".length) };
    }
    return { ...plain, kind: "other" };
  }
  const text = node.getText();
  const isPlain = text === "string" || text === "number" || text === "boolean";
  return { ...plain, kind: isPlain ? text : "other" };
}
