// A client that carries out orders, one line of JSON each, and reports what it receives.
//
// node peer.mjs supabase|realtime URL KEY, in a folder where the packages are installed.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(`${process.cwd()}/`);
const [kind, url, key] = process.argv.slice(2);
// Node has sockets of its own from version 22 on.
const transport = globalThis.WebSocket ?? require('ws');
const tell = (what) => console.log(JSON.stringify(what));

function connect() {
  if (kind === 'supabase') {
    const { createClient } = require('@supabase/supabase-js');
    return createClient(url, key, { realtime: { transport } });
  }
  const { RealtimeClient } = require('@supabase/realtime-js');
  const endpoint = `${url.replace('http', 'ws')}/realtime/v1`;
  return new RealtimeClient(endpoint, { params: { apikey: key }, transport });
}

const client = connect();
const channels = new Map();

// Bytes have no form in JSON.
const shown = (payload) =>
  payload instanceof ArrayBuffer ? { bytes: [...new Uint8Array(payload)] } : payload;
const meant = (payload) => (payload.bytes ? new Uint8Array(payload.bytes).buffer : payload);

function open({ channel: name, topic, key: presenceKey, self, ack }) {
  const config = { broadcast: { self, ack }, presence: { key: presenceKey ?? '' } };
  const channel = client.channel(topic, { config });
  channels.set(name, channel);
  const people = () =>
    Object.fromEntries(Object.entries(channel.presenceState()).map(([k, v]) => [k, v.length]));
  channel.on('broadcast', { event: '*' }, ({ event, payload, meta }) =>
    tell({ channel: name, heard: event, payload: shown(payload), meta }),
  );
  channel.on('presence', { event: 'sync' }, () => tell({ channel: name, people: people() }));
  channel.on('presence', { event: 'join' }, (it) => tell({ channel: name, joined: it.key }));
  channel.on('presence', { event: 'leave' }, (it) => tell({ channel: name, left: it.key }));
  return channel;
}

const actions = {
  open: (order) => void open(order),
  subscribe: ({ channel: name }) =>
    void channels
      .get(name)
      .subscribe((status, error) => tell({ channel: name, status, error: error?.message })),
  send: async ({ channel, event, payload }) =>
    channels.get(channel).send({ type: 'broadcast', event, payload: meant(payload) }),
  track: async ({ channel, payload }) => channels.get(channel).track(payload),
  untrack: async ({ channel }) => channels.get(channel).untrack(),
  leave: async ({ channel }) => client.removeChannel(channels.get(channel)),
};

// Orders are carried out one after the other, as by a user of the web app.
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  const result = await actions[order.do](order);
  tell({ channel: order.channel, did: order.do, result: result ?? 'ok' });
}
process.exit(0);
