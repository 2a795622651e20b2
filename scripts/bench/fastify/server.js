// getPost as Fastify and postgres.js serve it when one follows what they recommend: schemas for what comes and for what
// goes, so that both are compiled, one prepared statement, and the connections of the driver's own pool. It listens
// on PORT of the loopback interface and reads from DATABASE_URL; it knows no tokens and writes no log.

import Fastify from 'fastify'
import postgres from 'postgres'

// An address may name a socket's directory in its query, and no host; a URL must have one.
const address = new URL(process.env.DATABASE_URL.replace('@/', '@localhost/'))
const sql = postgres({
  host: address.searchParams.get('host') ?? address.hostname,
  port: Number(address.port || 5432),
  database: address.pathname.slice(1),
  username: decodeURIComponent(address.username),
  password: decodeURIComponent(address.password),
})

const text = {type: 'string'}
const optional = {type: ['string', 'null']}
const moment = {type: 'string', format: 'date-time'}
const perhaps = {type: ['string', 'null'], format: 'date-time'}
const integer = {type: 'integer'}

const post = {
  type: 'object',
  properties: {
    id: text,
    title: text,
    slug: text,
    content: text,
    excerpt: optional,
    status: text,
    featured: {type: 'boolean'},
    tags: {type: 'array', items: text},
    category_id: optional,
    featured_image_id: optional,
    featured_image: optional,
    author: {type: 'object', properties: {username: text, full_name: optional, avatar_url: optional}},
    views: integer,
    likes: integer,
    comment_count: integer,
    version: integer,
    published_at: perhaps,
    publish_at: perhaps,
    created_at: moment,
    updated_at: moment,
  },
}

const schema = {
  params: {type: 'object', required: ['post_id'], properties: {post_id: {type: 'string', format: 'uuid'}}},
  response: {200: post, 404: {type: 'object', properties: {title: text}}},
}

const fastify = Fastify()

fastify.get('/api/v1/posts/:post_id', {schema}, async (request, reply) => {
  const [row] = await sql`
    SELECT posts.id, posts.title, posts.slug, posts.content, posts.excerpt, posts.status, posts.featured, posts.tags,
      posts.category_id, posts.featured_image_id, NULL AS featured_image, posts.views, posts.likes,
      posts.comment_count, posts.version, posts.published_at, posts.publish_at, posts.created_at, posts.updated_at,
      users.username, users.full_name, users.avatar_url
    FROM posts JOIN users ON users.id = posts.author_id
    WHERE posts.id = ${request.params.post_id} AND posts.status = 'published'`
  if (!row) return reply.code(404).send({title: 'There is no such post.'})
  row.author = {username: row.username, full_name: row.full_name, avatar_url: row.avatar_url}
  return row
})

process.on('SIGTERM', async () => {
  await fastify.close()
  await sql.end()
})

await fastify.listen({host: '127.0.0.1', port: Number(process.env.PORT)})
