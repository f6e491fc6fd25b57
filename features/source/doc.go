// Package source turns files of history into events: our own JSONL, and tables of any shop through a mapping file.
//
// It works in two stages. Source.Scan reads the files once, in order, and only finds where a row ends and whose it is; a Decoder
// turns raw rows into events, and many decoders work side by side. Between the two a caller may keep the raw rows anywhere, a
// temporary file included: they are plain bytes and hold all that decoding needs.
//
// # Mapping files
//
// A mapping is a YAML file which says what the rows of a table mean. Its expressions are those of package expr, over the columns
// of a row: `price`, or `row["Unit Price"]` where the name is no identifier. A column is text, number(price) reads it, and empty
// text is missing: a property that is missing or empty is left out of its event.
//
//	version: 1
//	name: shop
//	source: where the data comes from
//	licence: its terms
//	format: csv                    # csv, tsv (both with a header), blocks, jsonl, parquet
//	columns: [time, user, action]  # those that the mapping uses; of a blocks file, all of them in order
//	customer: user                 # expression; or anonymous:, or both
//	id: order_no                   # expression; by default derived from the row and its line, so that importing twice is harmless
//	at: {column: time, unit: ms}   # us, ms, s, rfc3339; or {column, layout: "2006-01-02 15:04:05", timezone: Europe/London};
//	                               # or {sequence: {start: 2020-01-01T00:00:00Z, step: 1s}} for a table without a clock
//	received_at: {column: stored}  # by default the same as at
//	channel: web
//	group: invoice                 # expression: consecutive rows of one value are one event
//	context: {country: country}    # of every event
//	events:
//	  - when: action == 'view'     # expression; without it every row
//	    event: Product Viewed      # or event_expr: EXPRESSION
//	    type: track
//	    properties: {product_id: sku, price: number(price)}
//	    context: {}
//	    traits: {}
//	    enriched: {}
//	    also: true                 # go on to the next rules; otherwise the first that holds is the only one
//	  - {when: action == 'test', skip: true}
//
// A property may also be one of these:
//
//	{split: items, separator: ";", within: "|", fields: [product_id, price], numbers: [price], limit: 100}   a list out of one text
//	{part: items, separator: "|", index: 0, number: true}                                                  one piece of a text
//	{each: {product_id: sku, price: number(price)}, where: price != '0', limit: 100}                        a list of the group's rows
//	{sum: number(price) * number(quantity)}                                                                a sum over the group's rows
//
// In a group every other expression reads the group's first row. Lists keep their first 100 elements unless limit says otherwise.
//
// Beside the columns there are source.file (the file's name without folder and extensions), source.line (in the file, from 1; the
// row's number in a Parquet file), and in a blocks file source.block, source.index (both from 1) and source.head. A blocks file has blocks of lines with an empty line
// between them; the first line of a block is its head, the others are rows of tab-separated columns.
package source
