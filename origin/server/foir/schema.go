package foir

import (
	"encoding/json"
	"errors"
	"time"
)

// schemaText is the API. File and the arguments are the dialect's text; "visibility" is ours, and may be left out.
const schemaText = `
schema {
	query: Query
	mutation: Mutation
}

type Query {
	"The file of an id. It needs files:read."
	file(id: String!): File
}

type Mutation {
	"Reserves a place for the bytes of one file, which are then PUT to uploadUrl. It needs files:write."
	createFileUpload(
		"Name of the file, and what it is shown as."
		filename: String!
		"Content-Type that the bytes will have."
		mimeType: String!
		"Size in bytes."
		size: Int!
		"Folder path; slashes form nesting."
		folder: String
		"Arbitrary key-value blob; alt, title and description in it become the file's own."
		metadata: JSON
	): FileUpload

	"Makes a file of an upload whose bytes have come; once made, it is the same file ever after. It needs files:write."
	confirmFileUpload(uploadId: String!, visibility: Visibility): File
}

type FileUpload {
	uploadId: String!
	"PUT the bytes here, once, within 15 minutes. Whoever has the URL can."
	uploadUrl: String!
}

type File {
	"Stable identifier of the file."
	id: String!
	"Name of the file, with unsafe characters replaced by a hyphen."
	filename: String!
	"Content-Type of the bytes."
	mimeType: String
	"Size in bytes."
	size: Int
	"Where the bytes are. It takes ?thumb=WxH for a thumb; a private file's is signed, and lasts an hour."
	url: String
	"Width in pixels; null where the file is no image."
	width: Int
	"Height in pixels; null where the file is no image."
	height: Int
	"BlurHash of the image; null where the file is no image."
	blurhash: String
	"Accessibility text."
	alt: String
	"When the file was first confirmed."
	createdAt: DateTime!
}

enum Visibility {
	"Everybody may read the file."
	PUBLIC
	"The file is read with a key or a signed URL."
	PRIVATE
}

"Any JSON value."
scalar JSON

"A moment as RFC 3339 has it, in UTC."
scalar DateTime
`

// jsonScalar is a value of the scalar JSON, which only comes in.
type jsonScalar struct{ value any }

// ImplementsGraphQLType tells the library which scalar this is.
func (jsonScalar) ImplementsGraphQLType(name string) bool { return name == "JSON" }

// UnmarshalGraphQL takes any value. What it is good for is for the resolver to say, whose errors have a code.
func (j *jsonScalar) UnmarshalGraphQL(input any) error {
	j.value = input
	return nil
}

// dateTime is a value of the scalar DateTime, which only goes out.
type dateTime struct{ time.Time }

// ImplementsGraphQLType tells the library which scalar this is.
func (dateTime) ImplementsGraphQLType(name string) bool { return name == "DateTime" }

// UnmarshalGraphQL refuses: no argument is a DateTime.
func (*dateTime) UnmarshalGraphQL(any) error { return errors.New("no argument takes a DateTime") }

// MarshalJSON writes milliseconds always.
func (d dateTime) MarshalJSON() ([]byte, error) {
	return json.Marshal(d.UTC().Format("2006-01-02T15:04:05.000Z"))
}
