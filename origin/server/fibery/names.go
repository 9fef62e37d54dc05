package fibery

import (
	"errors"
	"strings"

	"github.com/imgorigin/imgorigin/origin"
)

// idField is the field of a collection that holds an entity's fibery/id.
const idField = "fibery_id"

// maxName bounds a name of Fibery's in bytes: a collection's has 255 characters at most.
const maxName = 255

// collectionOf is the collection that a database is kept in: "Cricket/Player" is cricket__player.
func collectionOf(database string) (space, collection string, err error) {
	space, name, ok := strings.Cut(database, "/")
	if !ok || space == "" || name == "" || len(database) > maxName {
		return "", "", badRequest("The type must be Space/Database.")
	}
	return space, plain(space) + "__" + plain(name), nil
}

// fieldOf is the field of a collection of a space: "Cricket/Photos" is photos, "fibery/id" is fibery_id. A field of another
// space is none: else it would have two names.
func fieldOf(space, field string) (string, error) {
	owner, name, ok := strings.Cut(field, "/")
	switch {
	case !ok || name == "" || len(field) > maxName:
		return "", badRequest("A field must be Space/Field.")
	case owner == "fibery":
		return "fibery_" + plain(name), nil
	case owner != space:
		return "", &problem{404, "entity.error/not-found", "There is no such field in this space."}
	}
	return plain(name), nil
}

// plain is a name in lower case, with an underscore for whatever else than a letter or a digit it has.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, name)
}

// isNobody tells an entity that is not there from a database or a field that is not: for those the core has words.
func isNobody(err error) bool {
	var e *origin.Error
	return errors.As(err, &e) && e.Kind == origin.NotFound && e.Message == ""
}
