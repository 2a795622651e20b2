"""Items, as the same tutorials would add them: another model, another response model, another route."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, Text, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from scripts.bench.tutorial import AuthorOut, Base, PageOut, User, app, get_db


class Item(Base):
    __tablename__ = "items"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    description: Mapped[str | None]
    price: Mapped[Decimal]
    tax: Mapped[Decimal]
    discount_price: Mapped[Decimal | None]
    total_price: Mapped[Decimal]
    in_stock: Mapped[bool]
    status: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    category_id: Mapped[UUID | None]
    views: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    owner: Mapped[User] = relationship()


class ItemOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    description: str | None
    price: Decimal
    tax: Decimal
    discount_price: Decimal | None
    total_price: Decimal
    in_stock: bool
    status: str
    tags: list[str]
    category_id: UUID | None
    owner: AuthorOut
    views: int
    version: int
    created_at: datetime
    updated_at: datetime


class ItemPageOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    items: list[ItemOut]
    page: PageOut


@app.get("/api/v1/items", response_model=ItemPageOut)
async def list_items(
    db: Annotated[AsyncSession, Depends(get_db)],
    skip: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Any:
    result = await db.execute(
        select(Item)
        .where(Item.status == "active")
        .options(selectinload(Item.owner))
        .order_by(Item.created_at.desc(), Item.id.desc())
        .offset(skip)
        .limit(limit)
    )
    items = result.scalars().all()
    page = {"size": len(items), "has_next": len(items) == limit, "has_previous": skip > 0}
    return {"items": items, "page": page}
