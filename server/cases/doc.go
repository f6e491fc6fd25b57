// Package cases holds the playbooks that ship to what they promise: every file in its folders is a customer's story, told in events,
// waiting and questions, with what has to come of each step. Its test tells every story to a real engine, in Chinese and in English.
// README.md says how a case is written.
package cases
