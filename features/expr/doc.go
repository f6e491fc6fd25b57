// Package expr is halfstep's expression language: CEL's syntax, parsed and type-checked by cel-go, compiled to Go closures so
// that evaluating costs no interpreter, and allocates only where it makes a new string or list. Filters on events, derived
// features, mapping files and the conditions of a playbook are all written in it.
//
// # Values
//
// A name has a static type (Number, Bool, String, Strings) or is Any: JSON whose type shows when it is read. Every number is a
// double: 1/2 is 0.5, and size() is a double too. Mixing static types is a compile error.
//
// # Missing
//
// An absent property, null, and a NaN are all missing, and so are x/0, the root of a negative number and the logarithm of one
// that is not positive. No input makes an evaluation fail; instead:
//
//   - a comparison with something missing is false, != and `in` included;
//   - arithmetic, and what is made of a missing string, is missing; contains, startsWith, endsWith and matches are false;
//   - exists and all over something missing, or something that is no list, are false; a list of strings (Strings) is never
//     missing but empty, and all over an empty list is true;
//   - as a condition, of && || ! and ?:, only true is true, so !x holds when x is missing;
//   - has(x) tells whether x is there (of Strings: whether it holds any), and coalesce(x, y, ...) is the first that is.
//
// An Any of another type than its place asks for counts as missing there. Two Any values are compared when both are numbers,
// both strings or both booleans; lists and maps equal nothing.
//
// # The language
//
//	literals      1  1.5  "text"  'text'  true  false; constant lists on the right of in
//	names         event.name  properties.path  properties["a b"]
//	operators     ! && || ?:  == != < <= > >=  + - * / %  in; + joins strings too
//	numbers       abs ceil exp floor log max min round sqrt; max and min take any number of arguments
//	strings       s.contains(t) s.startsWith(t) s.endsWith(t) s.matches("RE2") s.lowerAscii() s.trim() s.split(",") size(s)
//	lists         x in list, size(list), list.exists(v, condition), list.all(v, condition); loops do not nest
//	conversions   number(x) reads a string, and true as 1; string(x)
//	presence      has(x) coalesce(x, y)
//
// round goes to the nearest integer, halves away from zero. size of a string counts characters. A source has at most 4 KiB and
// 256 names, literals, operators and calls; a regular expression, its repetitions written out, at most 500 signs.
package expr
