// What fits at a place of an experiment file, by its JSON Schema: in blocks and in braces, at every depth.

/** All that a node may be. */
const ways = node => !node ? [] : node.anyOf ? node.anyOf.flatMap(ways) : node.items ? ways(node.items) : [node];
const child = (node, key) => ways(node).map(way => way.properties?.[key] ?? (typeof way.additionalProperties === "object" ? way.additionalProperties : null)).find(Boolean);
const at = (schema, path) => path.reduce(child, schema);

/** Where an offset is: the keys around it, what is written there, and of which key it is a value. */
export function place(text, offset) {
  const before = text.slice(0, offset), lines = before.split("\n");
  const open = [];
  let quote = "";
  for (let i = 0; i < before.length; i++) {
    const sign = before[i];
    if (quote) quote = sign === quote ? "" : quote;
    else if (sign === "#" && (i === 0 || /\s/.test(before[i - 1]))) {
      const end = before.indexOf("\n", i);
      i = end < 0 ? before.length : end;
    }
    else if ((sign === '"' || sign === "'") && /[\s,[{:]/.test(before[i - 1] ?? " ")) quote = sign;
    else if (sign === "{" || sign === "[") open.push(i);
    else if (sign === "}" || sign === "]") open.pop();
  }
  const first = open.length ? before.slice(0, open[0]) : before;
  const own = first.split("\n");
  const path = blockPath(own);
  for (const [i, brace] of open.entries()) {
    const key = /([\w.-]+)\s*:\s*$/.exec(before.slice(i ? open[i - 1] + 1 : 0, brace))?.[1];
    if (key) path.push(key);
  }
  const rest = open.length ? before.slice(Math.max(open.at(-1), before.lastIndexOf(",")) + 1) : lines.at(-1);
  const value = /(?:^|[\s-])([\w.-]+):\s+([\w./-]*)$/.exec(rest);
  const key = /^\s*(?:- +)*([\w.-]*)$/.exec(rest);
  // in brackets, and after a dash, a value of the list may stand
  const listed = open.length && before[open.at(-1)] === "[" && key ? path.at(-1) : null;
  if (listed) return { path: path.slice(0, -1), key: listed, written: key[1] };
  return value ? { path, key: value[1], written: value[2] } : { path, key: null, written: key ? key[1] : null };
}

/** The keys of the blocks around the last of these lines. */
function blockPath(lines) {
  const path = [];
  const last = lines.at(-1);
  let indent = /^ */.exec(last)[0].length, dash = /^ *- /.test(last);
  for (const line of lines.slice(0, -1).reverse()) {
    const match = /^( *)((?:- +)*)([\w.-]+):\s*(?:#.*)?$/.exec(line);
    if (!match) {
      // the first key of an item has the dash of the list
      const item = /^( *)- /.exec(line);
      if (item && item[1].length < indent) [indent, dash] = [item[1].length, true];
      continue;
    }
    const own = match[1].length + match[2].length;
    if (own < indent || (dash && own === indent && !match[2])) {
      path.unshift(match[3]);
      [indent, dash] = [match[1].length, match[2] !== ""];
    }
  }
  return path;
}

/** What fits, beginning with what is written; null where nothing is known. */
export function completions(schema, text, offset) {
  const { path, key, written } = place(text, offset);
  if (written == null) return null;
  const node = at(schema, path);
  const values = of => [...new Set(ways(of).flatMap(way => way.enum ?? way.examples ?? (way.type === "boolean" ? [true, false] : [])))].map(name => ({ name: String(name), insert: String(name) }));
  const names = key == null
    ? [...path.length ? values(node) : [], ...[...new Map([...ways(node).flatMap(way => Object.entries(way.properties ?? {})), ...(path.length === 1 && path[0] === "sweep" ? leaves(schema) : [])]).entries()].map(([name, of]) => ({ name, insert: name + ": ", description: of.description }))]
    : values(child(node, key));
  const fitting = names.filter(({ name }) => name.startsWith(written));
  // behind what is wrong, what would be right
  return { from: offset - written.length, names: (fitting.length ? fitting : names).slice(0, 60) };
}

/** What the key is that stands around an offset. */
export function describe(schema, text, offset) {
  const rest = /^[\w.-]*(?=:)/.exec(text.slice(offset));
  if (!rest) return "";
  const { path, key, written } = place(text, offset + rest[0].length);
  return key || !written ? "" : child(at(schema, path), written)?.description ?? "";
}

/** The dotted keys of what a file may say, each with its node. */
export function leaves(node, path = "") {
  const of = ways(node).find(way => way.properties);
  return of ? Object.entries(of.properties).flatMap(([name, inner]) => leaves(inner, path ? path + "." + name : name)) : path ? [[path, node]] : [];
}
