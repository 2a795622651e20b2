"""Comments outlive their author where others have answered; accounts are listed in the order of their making."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AUTHOR = op.f("fk_comments_author_id")


def upgrade() -> None:
    """Go forward."""
    op.create_index("ix_users_created", "users", ["created_at", "id"], unique=False)
    op.alter_column("comments", "author_id", existing_type=sa.Uuid(), nullable=True)
    op.create_check_constraint(
        op.f("ck_comments_author"), "comments", "author_id IS NOT NULL OR deleted_at IS NOT NULL"
    )
    op.drop_constraint(_AUTHOR, "comments", type_="foreignkey")
    op.create_foreign_key(_AUTHOR, "comments", "users", ["author_id"], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    """Go back; what has lost its author goes, with the answers to it."""
    op.execute("DELETE FROM comments WHERE author_id IS NULL")
    op.drop_constraint(_AUTHOR, "comments", type_="foreignkey")
    op.create_foreign_key(_AUTHOR, "comments", "users", ["author_id"], ["id"], ondelete="CASCADE")
    op.drop_constraint(op.f("ck_comments_author"), "comments", type_="check")
    op.alter_column("comments", "author_id", existing_type=sa.Uuid(), nullable=False)
    op.drop_index("ix_users_created", table_name="users")
