// Package reason says in a sentence what a play's condition looked at, and what it saw. The wording of a language is data, in the folder
// sentences; a feature, tag or event that no file knows gets a sentence made of its name, meaning and unit. Sentences are compiled once
// a playbook, so that a decision only fills in the numbers.
package reason
