// Writes the shapes of the hub's API as TypeScript.
import { writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const [from, to] = ['openapi.json', 'web/src/api/schema.d.ts'].map((path) => new URL(path, import.meta.url));
writeFileSync(to, astToString(await openapiTS(from)));
