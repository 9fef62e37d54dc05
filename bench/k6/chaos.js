// chaos: RATE requests a second upload pictures that are like no other, and read them and their thumbs, until it is interrupted.
// Every answer is a line of JSON on the console (--log-format raw --console-output FILE), an acknowledged upload with its
// address and SHA-256: whoever started this checks afterwards that all of them are there. Any answer may be a refusal; what is
// wrong is an original with other bytes than were uploaded. COLLECTION is there already, and TOKEN may upload to it.
import http from 'k6/http';
import crypto from 'k6/crypto';
import exec from 'k6/execution';
import { base, load, thumb } from './lib.js';

const picture = new Uint8Array(load());
const collection = __ENV.COLLECTION;
const rate = Number(__ENV.RATE || 40);

export const options = {
  scenarios: {
    chaos: {
      executor: 'constant-arrival-rate', rate, timeUnit: '1s', duration: __ENV.DURATION || '1h',
      preAllocatedVUs: 10, maxVUs: 10 * rate, gracefulStop: '5s',
    },
  },
  discardResponseBodies: false,
};

const files = []; // of this client

// The picture with a comment behind the start of the image that no other one has.
function unique() {
  const text = `${exec.vu.idInTest} ${exec.vu.iterationInInstance} ${Date.now()} ${Math.random()}`;
  const comment = [0xff, 0xfe, 0, text.length + 2, ...Array.from(text, (c) => c.charCodeAt(0))];
  const out = new Uint8Array(picture.length + comment.length);
  out.set(picture.subarray(0, 2));
  out.set(comment, 2);
  out.set(picture.subarray(2), 2 + comment.length);
  return out.buffer;
}

function tell(op, r, more) {
  console.log(JSON.stringify(Object.assign({ op, status: r.status, at: Date.now(), ms: r.timings.duration, ok: r.status === 200 }, more)));
}

const refusal = (r) => (r.status === 200 ? {} : { type: r.headers['Content-Type'] || '', body: text(r).slice(0, 200), retry: r.headers['Retry-After'] || '' });
const text = (r) => (r.body ? String.fromCharCode(...new Uint8Array(r.body).subarray(0, 400)) : '');

function upload() {
  const data = unique();
  const r = http.post(`${base}/api/collections/${collection}/records`, { image: http.file(data, 'picture.jpg') },
    { headers: { Authorization: __ENV.TOKEN }, responseType: 'text' });
  if (r.status !== 200) return tell('upload', r, { body: String(r.body || '').slice(0, 200), retry: r.headers['Retry-After'] || '' });
  const v = r.json();
  const file = { id: v.id, image: v.image, sum: crypto.sha256(data, 'hex') };
  files.push(file);
  tell('upload', r, file);
}

function read(file, op) {
  const query = op === 'thumb' ? `?thumb=${thumb}` : '';
  const r = http.get(`${base}/api/files/${collection}/${file.id}/${file.image}${query}`, { responseType: 'binary' });
  const more = Object.assign(refusal(r), { id: file.id, image: file.image });
  if (r.status === 200) more.sum = crypto.sha256(r.body, 'hex');
  if (r.status === 200 && op === 'original' && more.sum !== file.sum) more.wrong = true;
  tell(op, r, more);
}

export default function () {
  const n = Math.random();
  if (n < 0.1 || files.length === 0) upload();
  else read(files[Math.floor(Math.random() * files.length)], n < 0.5 ? 'original' : 'thumb');
}

export function handleSummary() { return {}; }
