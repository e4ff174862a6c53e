// Where the session of the tests is kept between the start and the tests.
import { fileURLToPath } from 'node:url';

export const SESSION = fileURLToPath(new URL('./out/session.json', import.meta.url));
