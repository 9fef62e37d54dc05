package pocketbase

import (
	"strconv"
	"strings"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

func (d *Dialect) listRecords(r *server.Request, who origin.Caller) (any, error) {
	found, err := d.core.ListRecords(r.Context(), who, r.Param(0), listQuery(r))
	if err != nil {
		return nil, err
	}
	items := make([]any, len(found.Items))
	for i, v := range found.Items {
		items[i] = recordJSON(v)
	}
	return pageJSON(items, found.Page, found.PerPage, found.TotalItems, found.TotalPages), nil
}

func (d *Dialect) viewRecord(r *server.Request, who origin.Caller) (any, error) {
	return shown(d.core.ViewRecord(r.Context(), who, r.Param(0), r.Param(1), origin.ReadOptions{Expand: expand(r)}))
}

func (d *Dialect) createRecord(r *server.Request, who origin.Caller) (any, error) {
	in, err := d.readRecord(r, who, origin.Create)
	if err != nil {
		return nil, err
	}
	r.RestartDeadline()
	return shown(d.core.CreateRecord(r.Context(), who, r.Param(0), in))
}

func (d *Dialect) updateRecord(r *server.Request, who origin.Caller) (any, error) {
	in, err := d.readRecord(r, who, origin.Update)
	if err != nil {
		return nil, err
	}
	r.RestartDeadline()
	return shown(d.core.UpdateRecord(r.Context(), who, r.Param(0), r.Param(1), in))
}

func (d *Dialect) deleteRecord(r *server.Request, who origin.Caller) (any, error) {
	return nil, d.core.DeleteRecord(r.Context(), who, r.Param(0), r.Param(1))
}

// shown is the record that an operation of the core answers with.
func shown(v *origin.View, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return recordJSON(v), nil
}

// listQuery reads the parameters that lists share. A number that is none counts as not given.
func listQuery(r *server.Request) origin.ListQuery {
	page, _ := strconv.Atoi(r.QueryValue("page"))
	perPage, _ := strconv.Atoi(r.QueryValue("perPage"))
	skip, _ := strconv.ParseBool(r.QueryValue("skipTotal"))
	return origin.ListQuery{
		Page: page, PerPage: perPage, SkipTotal: skip,
		Sort: r.QueryValue("sort"), Filter: r.QueryValue("filter"),
		ReadOptions: origin.ReadOptions{Expand: expand(r)},
	}
}

func expand(r *server.Request) []string {
	var names []string
	for name := range strings.SplitSeq(r.QueryValue("expand"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
