"""The words of published posts and names, to be found although they are misspelt."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "words",
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_words")),
    )
    op.create_index(
        "ix_words_trigrams", "words", ["word"], postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}
    )
    op.create_table(
        "words_reading",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sort_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_words_reading_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_words_reading")),
    )
    op.create_index(
        "ix_tags_trigrams", "tags", ["name"], postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
    )
    op.create_index(
        "ix_users_trigrams",
        "users",
        ["username", "full_name"],
        postgresql_using="gin",
        postgresql_ops={"username": "gin_trgm_ops", "full_name": "gin_trgm_ops"},
        postgresql_where=sa.text("is_active"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_users_trigrams", table_name="users")
    op.drop_index("ix_tags_trigrams", table_name="tags")
    op.drop_table("words_reading")
    op.drop_table("words")
    op.execute("DROP EXTENSION pg_trgm")
