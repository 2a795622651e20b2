"""One lie for every step of the scenario, and the step that has to find it out."""

from tests.clients.liar import Exchange, Lie

COMMENTS, LIKE = "/comments", "/like"


def wrong_role(exchange: Exchange) -> None:
    if exchange.is_("POST", "/auth/register"):
        exchange.body["role"] = "admin"


def refused_login(exchange: Exchange) -> None:
    if exchange.is_("POST", "/auth/login"):
        exchange.status = 401


def old_token(exchange: Exchange) -> None:
    if exchange.is_("POST", "/auth/login"):
        exchange.memory["token"] = exchange.body["access_token"]
    if exchange.is_("POST", "/auth/refresh"):
        exchange.body["access_token"] = exchange.memory["token"]


def no_tag(exchange: Exchange) -> None:
    if exchange.is_("POST", "/posts"):
        exchange.headers.pop("etag", None)


def unmarked_replay(exchange: Exchange) -> None:
    exchange.headers.pop("idempotent-replayed", None)


def same_tag(exchange: Exchange) -> None:
    if exchange.method == "PATCH" and exchange.if_match:
        exchange.headers["etag"] = exchange.if_match


def accepted_late_edit(exchange: Exchange) -> None:
    if exchange.method == "PATCH" and exchange.status == 200:
        exchange.memory["post"] = dict(exchange.body), dict(exchange.headers)
    elif exchange.status == 412:
        exchange.status = 200
        exchange.body, exchange.headers = exchange.memory["post"]


def unpublished(exchange: Exchange) -> None:
    if exchange.is_("PUT", "/publication"):
        exchange.body["status"] = "draft"


def other_success(exchange: Exchange) -> None:
    if exchange.is_("POST", COMMENTS) and exchange.status == 201:
        exchange.status = 409


def lost_page(exchange: Exchange) -> None:
    if exchange.is_("GET", COMMENTS):
        exchange.body["page"]["next_cursor"] = None


def lost_link(exchange: Exchange) -> None:
    exchange.headers.pop("link", None)


def wrong_pointer(exchange: Exchange) -> None:
    if exchange.status == 422:
        exchange.body["errors"][0]["pointer"] = "/content"


def wrong_code(exchange: Exchange) -> None:
    if exchange.status == 404:
        exchange.body["code"] = "conflict"


def uncounted_like(exchange: Exchange) -> None:
    if exchange.method == "GET" and "likes" in (exchange.body or {}):
        exchange.body["likes"] = 0


def still_there(exchange: Exchange) -> None:
    if exchange.method == "GET" and exchange.status == 200:
        exchange.memory["post"] = dict(exchange.body), dict(exchange.headers)
    if exchange.method == "DELETE":
        exchange.memory["deleted"] = exchange.path
    elif exchange.path == exchange.memory.get("deleted"):
        exchange.status = 200
        exchange.body, exchange.headers = exchange.memory["post"]


def refused_log_out(exchange: Exchange) -> None:
    if exchange.is_("POST", "/auth/logout"):
        exchange.status = 400


def other_refusal(exchange: Exchange) -> None:
    if exchange.status == 401:
        exchange.body["code"] = "not_authenticated"


LIES: dict[str, Lie] = {
    "register a member": wrong_role,
    "log in": refused_login,
    "refresh the tokens": old_token,
    "write a post": no_tag,
    "write it again with the same key": unmarked_replay,
    "edit the post": same_tag,
    "edit it with a stale tag": accepted_late_edit,
    "publish the post": unpublished,
    "comment five times": other_success,
    "page by cursor": lost_page,
    "page by link": lost_link,
    "be told what is invalid": wrong_pointer,
    "ask for a post that is not there": wrong_code,
    "like the post": uncounted_like,
    "delete the post": still_there,
    "log out": refused_log_out,
    "be refused after logging out": other_refusal,
}
