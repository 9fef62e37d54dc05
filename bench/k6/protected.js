// protected: as hit, but of a file that only accounts see, with a file token in the address.
import http from 'k6/http';
import { check } from 'k6';
import { base, clients, collection, duration, fileToken, load, remove, signIn, summary, thumb, trends, upload } from './lib.js';

const picture = load();

export const options = { scenarios: { protected: { executor: 'constant-vus', vus: clients, duration } }, summaryTrendStats: trends };

export function setup() {
  const token = signIn();
  const name = collection(token, [thumb], true);
  const bare = `${upload(token, name, picture)}?thumb=${thumb}`;
  if (http.get(base + bare).status === 200) throw new Error('the file is not protected');
  const path = `${bare}&token=${fileToken(token)}`;
  http.get(base + path);
  return { token, name, path };
}

export default function (data) {
  check(http.get(base + data.path), { 'a thumb': (r) => r.status === 200 });
}

export function teardown(data) { remove(data.token, data.name); }
export { summary as handleSummary };
