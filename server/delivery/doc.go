// Package delivery brings proactive actions to whoever waits for them: to clients of GET /actions/stream, and to webhooks.
//
// Both follow the journal, where every action stands with the state that it changed, so that no decision waits for a delivery and
// none can be lost before it was made. Both deliver at least once: an action's id tells what was seen before. A stream resumes by
// time, with overlap. A webhook has a cursor in every shard of the journal, held under a lease that one server has at a time and
// written behind what was sent: after a crash some messages are sent again, and none is left out. Messages come in no fixed order.
//
// # Webhooks
//
// A message is POSTed as JSON and signed as Standard Webhooks lays down, so that its libraries verify it. The headers are webhook-id,
// the action's id; webhook-timestamp, the Unix time of this attempt in seconds; and webhook-signature, "v1," followed by the Base64 of
//
//	HMAC-SHA256(secret, webhook-id + "." + webhook-timestamp + "." + body)
//
// The secret is the configured text as it is; one that begins with whsec_ is the Base64 of the key behind that. A receiver compares in
// constant time, refuses a timestamp more than five minutes away, and remembers ids for as long, which leaves nothing to replay.
//
// Any 2xx is an acceptance. Anything else is tried again, after a growing and jittered while or after the Retry-After that was asked
// for, but for 400, 410, 413 and 422, by which a receiver says that it will never take this message. What was refused or tried too often
// becomes a dead letter: kept, up to a bound, and listed.
package delivery
