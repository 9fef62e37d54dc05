package fibery

import (
	"encoding/json"
	"strings"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// command runs one command.
func (d *Dialect) command(r *server.Request) error {
	who, err := d.library.Caller(r)
	if err != nil {
		return err
	}
	var c struct {
		Command string          `json:"command"`
		Args    json.RawMessage `json:"args"`
	}
	if err := r.ReadJSON(server.MaxJSON, &c); err != nil {
		return err
	}
	switch c.Command {
	case "fibery.entity/add-collection-items":
		return d.edit(r, who, c.Args, origin.AddFiles)
	case "fibery.entity/remove-collection-items":
		return d.edit(r, who, c.Args, origin.RemoveFiles)
	case "fibery.entity/query":
		return d.query(r, who, c.Args)
	}
	return &problem{400, "command/unknown", "There is no such command here."}
}

// entity names an entity or a file.
type entity struct {
	ID string `json:"fibery/id"`
}

// edition is what add- and remove-collection-items take.
type edition struct {
	Type   string   `json:"type"`
	Field  string   `json:"field"`
	Entity entity   `json:"entity"`
	Items  []entity `json:"items"`
}

// maxItems is how many files one command attaches or removes.
const maxItems = 1000

// parseEdition reads the arguments of a command that attaches or removes.
func parseEdition(args []byte) (collection, relation string, e *edition, err error) {
	e = &edition{}
	if err := json.Unmarshal(args, e); err != nil {
		return "", "", nil, badRequest("The args cannot be read.")
	}
	space, collection, err := collectionOf(e.Type)
	if err != nil {
		return "", "", nil, err
	}
	relation, err = fieldOf(space, e.Field)
	switch {
	case err != nil:
		return "", "", nil, err
	case e.Entity.ID == "":
		return "", "", nil, badRequest("The entity has no fibery/id.")
	case len(e.Items) == 0 || len(e.Items) > maxItems:
		return "", "", nil, badRequest("The items must be 1 to %d.", maxItems)
	}
	for _, item := range e.Items {
		if !origin.IsUUID(strings.ToLower(item.ID)) {
			return "", "", nil, badRequest("Every item must have a UUID as its fibery/id.")
		}
	}
	return collection, relation, e, nil
}

func (d *Dialect) edit(r *server.Request, who origin.Caller, args []byte, how origin.RelationEdit) error {
	if err := who.Require(auth.FilesWrite); err != nil {
		return err
	}
	collection, relation, e, err := parseEdition(args)
	if err != nil {
		return err
	}
	files := make([]string, len(e.Items))
	for i, item := range e.Items {
		files[i] = strings.ToLower(item.ID)
	}
	r.RestartDeadline()
	err = d.library.Core.EditItem(r.Context(), who, collection, idField, e.Entity.ID, relation, how, files)
	if err != nil {
		return ofEntity(err)
	}
	return answer(r, outcome{true, "ok"})
}

// ofEntity gives a missing entity its own words: the core has words for a missing collection or field only.
func ofEntity(err error) error {
	if origin.KindOf(err) != origin.NotFound {
		return err
	}
	p := words(err)
	if p.Message == kinds[origin.NotFound].Message {
		p.Message = "There is no such entity."
	}
	p.Name = "entity.error/not-found"
	return &p
}

// query answers a query for one entity. No entity is an empty result, as in any query.
func (d *Dialect) query(r *server.Request, who origin.Caller, args []byte) error {
	if err := who.Require(auth.FilesRead); err != nil {
		return err
	}
	q, err := parseQuery(args)
	if err != nil {
		return err
	}
	r.RestartDeadline()
	item, err := d.library.Core.FindItem(r.Context(), who, q.collection, q.field, q.value)
	if isNobody(err) || err == nil && q.limit == 0 {
		return answer(r, outcome{true, []any{}})
	}
	if err != nil {
		return ofEntity(err)
	}
	found, err := q.show(item)
	if err != nil {
		return err
	}
	return answer(r, outcome{true, []any{found}})
}
