"""A client that openapi-python-client generates, in a folder on the path: `python client.py URL`."""

import sys

from cardroom import AuthenticatedClient, Client
from cardroom.api.auth import login
from cardroom.api.gameplay_states import get_state, patch_state, save_state
from cardroom.api.rooms import create_room
from cardroom.api.visitors import join_room
from cardroom.models import (
    ErrorBody,
    JoinRequest,
    LoginRequest,
    PatchStateJsonBody,
    RoomRequest,
    SaveRequest,
)


def expect(answer, status):
    assert answer.status_code == status, (answer.status_code, answer.content)
    return answer.parsed


url = sys.argv[1]
anonymous = Client(base_url=url, raise_on_unexpected_status=True)
credentials = LoginRequest(email="demo.counselor@example.com", password="demo123")
session = expect(login.sync_detailed(client=anonymous, body=credentials), 200)
owner = AuthenticatedClient(url, session.access_token, raise_on_unexpected_status=True)

room = expect(create_room.sync_detailed(client=owner, body=RoomRequest(name="Python")), 201)
game = (room.id, "cards")
state = SaveRequest.from_dict({"state": {"a": 1}})
saved = expect(save_state.sync_detailed(*game, client=owner, body=state), 200)
assert saved.version == 1, saved

mei = JoinRequest(name="Mei", session_id="python")
visitor = expect(join_room.sync_detailed(room.share_code, client=anonymous, body=mei), 201)
assert (visitor.room_id, visitor.name) == (room.id, "Mei"), visitor

patch = PatchStateJsonBody.from_dict({"b": [2]})
patched = expect(patch_state.sync_detailed(*game, client=owner, body=patch), 200)
assert patched.version == 2, patched

read = expect(get_state.sync_detailed(*game, client=owner), 200)
assert read.state.to_dict() == {"a": 1, "b": [2]}, read

refused = AuthenticatedClient(url, "none")
refused = expect(get_state.sync_detailed(*game, client=refused), 401)
assert isinstance(refused, ErrorBody), refused
