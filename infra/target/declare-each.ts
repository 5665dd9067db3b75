import * as pulumi from "@pulumi/pulumi";

/**
 * Declares a component for each of the items, in order. In a preview, each waits until the engine has answered for all resources of the one
 * before: what is declared and not answered yet is most of the memory of a large preview. An update doesn't wait, because there
 * the answer comes once the resource is made.
 *
 * `declare` gives the options to the component.
 */
export async function declareEach<Item, Declared>(
  items: readonly Item[],
  declare: (item: Item, opts: pulumi.ComponentResourceOptions) => Declared,
): Promise<readonly Declared[]> {
  if (!pulumi.runtime.isDryRun()) return items.map((item) => declare(item, {}));
  const all: Declared[] = [];
  for (const item of items) {
    const parts: pulumi.Resource[] = [];
    const note: pulumi.ResourceTransformation = ({ resource }) => {
      parts.push(resource);
      return undefined;
    };
    all.push(declare(item, { transformations: [note] }));
    await Promise.all(parts.map(registered));
  }
  return all;
}

function registered({ urn }: pulumi.Resource): Promise<void> {
  return new Promise((done) => {
    urn.apply(() => done());
  });
}
