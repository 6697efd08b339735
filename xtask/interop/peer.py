"""A client that carries out orders, one line of JSON each, and reports what it receives.

python peer.py realtime URL KEY
"""

import asyncio
import json
import sys

from realtime import AsyncRealtimeClient


def tell(**what):
    print(json.dumps(what), flush=True)


class Peer:
    def __init__(self, url, key):
        self.client = AsyncRealtimeClient(f"{url}/realtime/v1", key)
        self.channels = {}

    async def open(self, order):
        name = order["channel"]
        config = {
            "broadcast": {"self": order.get("self", False), "ack": order.get("ack", False)},
            "presence": {"key": order.get("key") or "", "enabled": True},
            "private": False,
        }
        channel = self.client.channel(order["topic"], {"config": config})
        self.channels[name] = channel

        def people():
            return {key: len(metas) for key, metas in channel.presence_state().items()}

        def heard(message):
            tell(channel=name, heard=message["event"], payload=message["payload"], meta=message.get("meta"))

        channel.on_broadcast("*", heard)
        channel.on_presence_sync(lambda: tell(channel=name, people=people()))
        channel.on_presence_join(lambda key, *_: tell(channel=name, joined=key))
        channel.on_presence_leave(lambda key, *_: tell(channel=name, left=key))

    async def subscribe(self, order):
        name = order["channel"]

        def changed(status, error):
            tell(channel=name, status=getattr(status, "value", str(status)), error=str(error or ""))

        await self.channels[name].subscribe(changed)

    async def send(self, order):
        await self.channels[order["channel"]].send_broadcast(order["event"], order["payload"])

    async def track(self, order):
        await self.channels[order["channel"]].track(order["payload"])

    async def untrack(self, order):
        await self.channels[order["channel"]].untrack()

    async def leave(self, order):
        await self.client.remove_channel(self.channels[order["channel"]])


async def main():
    _, _, url, key = sys.argv
    peer = Peer(url, key)
    reader = asyncio.StreamReader(limit=2**20)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        await getattr(peer, order["do"])(order)
        tell(channel=order["channel"], did=order["do"], result="ok")


asyncio.run(main())
