// Writes the shapes of the hub's API as TypeScript. The description gives some operations of different paths one name,
// under which their shapes would become one: here each is named after its method and path.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const [from, to] = ['openapi.json', 'web/src/api/schema.d.ts'].map((path) => new URL(path, import.meta.url));
const description = JSON.parse(readFileSync(from, 'utf8'));
for (const [path, methods] of Object.entries(description.paths)) {
  for (const [method, operation] of Object.entries(methods)) operation.operationId = `${method} ${path}`;
}
writeFileSync(to, astToString(await openapiTS(description)));
