// Notion's own types, as its client for TypeScript carries them, in the form of OpenAPI. Run where that client and
// `ts-json-schema-generator` are installed; the document goes to standard output.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(join(process.cwd(), "here.js"));
const { createGenerator } = require("ts-json-schema-generator");

const endpoints = require.resolve("@notionhq/client/build/src/api-endpoints.js");
const settings = { path: endpoints.replace(/\.js$/, ".d.ts"), skipTypeCheck: true, encodeRefs: false, tsconfig: undefined };
const text = JSON.stringify(createGenerator(settings).createSchema("*")).replaceAll("#/definitions/", "#/components/schemas/");
const schemas = JSON.parse(text).definitions;

// The part of a type that is sent in the body: the parameters of the path and of the query stand in the same type.
function only(fields, schema) {
  if (schema.anyOf) return { anyOf: schema.anyOf.map((part) => only(fields, part)) };
  const properties = Object.fromEntries(fields.map((field) => [field, schema.properties?.[field] ?? false]).filter(([, known]) => known));
  return { type: "object", properties, required: (schema.required ?? []).filter((field) => fields.includes(field)) };
}

const gap = new Proxy({}, { get: (_, name) => `{${String(name)}}` });
const paths = {};
for (const [name, endpoint] of Object.entries(require(endpoints))) {
  if (typeof endpoint.path !== "function") continue;
  const type = name[0].toUpperCase() + name.slice(1);
  const given = schemas[`${type}Parameters`] ?? {};
  const operation = {
    parameters: endpoint.queryParams.map((field) => ({ name: field, in: "query", schema: given.properties?.[field] ?? {} })),
    responses: { 200: { content: { "application/json": { schema: schemas[`${type}Response`] } } } },
  };
  const sent = [["application/json", endpoint.bodyParams], ["multipart/form-data", endpoint.formDataParams ?? []]];
  const [media, fields] = sent.find(([, fields]) => fields.length > 0) ?? [];
  if (media) operation.requestBody = { content: { [media]: { schema: only(fields, given) } } };
  const path = `/v1/${endpoint.path(gap)}`;
  (paths[path] ??= {})[endpoint.method] = operation;
}
process.stdout.write(JSON.stringify({ openapi: "3.1.0", paths, components: { schemas } }));
