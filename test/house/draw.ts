/** `npm run docs:rooms`: draws the rooms into docs/rooms.svg. */
import { writeFileSync } from 'node:fs';
import { pictureOf } from './picture.js';
import { sourcesIn } from './sources.js';

writeFileSync('docs/rooms.svg', pictureOf([...sourcesIn('engine'), ...sourcesIn('server')]));
