"""Rooms, memberships, invitations and messages."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _version() -> sa.Column[object]:
    return sa.Column("version", sa.Integer(), server_default="1", nullable=False)


def _foreign(table: str, column: str, target: str, ondelete: str | None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "rooms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("member_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("invitation_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_number", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=True),
        _version(),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint("visibility IN ('public', 'private')", name=op.f("ck_rooms_visibility")),
        _foreign("rooms", "owner_id", "users", None),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
    )
    op.create_index("ix_rooms_created", "rooms", ["created_at", "id"])
    op.create_index("ix_rooms_name", "rooms", ["name", "id"])
    op.create_index("ix_rooms_owner_id", "rooms", ["owner_id"])
    op.create_index(
        "ix_rooms_trigrams", "rooms", ["name"], postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
    )
    _people()
    _messages()


def _people() -> None:
    op.create_table(
        "room_members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("read_number", sa.BigInteger(), server_default="0", nullable=False),
        _moment("joined_at"),
        _foreign("room_members", "room_id", "rooms", "CASCADE"),
        _foreign("room_members", "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_members")),
    )
    op.create_index("uq_room_members_room_id_user_id", "room_members", ["room_id", "user_id"], unique=True)
    op.create_index("ix_room_members_joined", "room_members", ["room_id", "joined_at", "id"])
    op.create_index("ix_room_members_user_id", "room_members", ["user_id"])
    op.create_table(
        "room_invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("inviter_id", sa.Uuid(), nullable=True),
        _moment("created_at"),
        _foreign("room_invitations", "room_id", "rooms", "CASCADE"),
        _foreign("room_invitations", "user_id", "users", "CASCADE"),
        _foreign("room_invitations", "inviter_id", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_invitations")),
    )
    op.create_index("uq_room_invitations_room_id_user_id", "room_invitations", ["room_id", "user_id"], unique=True)
    op.create_index("ix_room_invitations_room", "room_invitations", ["room_id", "created_at", "id"])
    op.create_index("ix_room_invitations_user", "room_invitations", ["user_id", "created_at", "id"])
    op.create_index("ix_room_invitations_inviter_id", "room_invitations", ["inviter_id"])


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Uuid(), nullable=True),
        _version(),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint("author_id IS NOT NULL OR deleted_at IS NOT NULL", name=op.f("ck_messages_author")),
        sa.CheckConstraint("number > 0", name=op.f("ck_messages_number")),
        _foreign("messages", "room_id", "rooms", "CASCADE"),
        _foreign("messages", "author_id", "users", "SET NULL"),
        _foreign("messages", "reply_to", "messages", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index("uq_messages_room_id_number", "messages", ["room_id", "number"], unique=True)
    given = {name: sa.text(f"{name} IS NOT NULL") for name in ("author_id", "reply_to")}
    for name, condition in given.items():
        op.create_index(f"ix_messages_{name}", "messages", [name], postgresql_where=condition)


def downgrade() -> None:
    """Go back."""
    for table in ("messages", "room_invitations", "room_members", "rooms"):
        op.drop_table(table)
