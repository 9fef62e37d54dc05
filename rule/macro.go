package rule

import "time"

// dateLayout is how PocketBase stores and sends an instant, always in UTC.
const dateLayout = "2006-01-02 15:04:05.000Z"

// macros maps each date macro to its value at an instant, given in UTC.
var macros = map[string]func(now time.Time) value{
	"@now":        func(t time.Time) value { return dateValue(t) },
	"@second":     func(t time.Time) value { return intValue(t.Second()) },
	"@minute":     func(t time.Time) value { return intValue(t.Minute()) },
	"@hour":       func(t time.Time) value { return intValue(t.Hour()) },
	"@day":        func(t time.Time) value { return intValue(t.Day()) },
	"@weekday":    func(t time.Time) value { return intValue(int(t.Weekday())) }, // Sunday is 0
	"@month":      func(t time.Time) value { return intValue(int(t.Month())) },
	"@year":       func(t time.Time) value { return intValue(t.Year()) },
	"@yesterday":  func(t time.Time) value { return dateValue(t.AddDate(0, 0, -1)) },
	"@tomorrow":   func(t time.Time) value { return dateValue(t.AddDate(0, 0, 1)) },
	"@todayStart": func(t time.Time) value { return dateValue(midnight(t.Year(), t.Month(), t.Day())) },
	"@todayEnd":   func(t time.Time) value { return lastBefore(midnight(t.Year(), t.Month(), t.Day()+1)) },
	"@monthStart": func(t time.Time) value { return dateValue(midnight(t.Year(), t.Month(), 1)) },
	"@monthEnd":   func(t time.Time) value { return lastBefore(midnight(t.Year(), t.Month()+1, 1)) },
	"@yearStart":  func(t time.Time) value { return dateValue(midnight(t.Year(), time.January, 1)) },
	"@yearEnd":    func(t time.Time) value { return lastBefore(midnight(t.Year()+1, time.January, 1)) },
}

func dateValue(t time.Time) value { return textValue(t.Format(dateLayout)) }

func intValue(i int) value { return numberValue(float64(i)) }

// midnight takes a day or month beyond the last as the first of what follows.
func midnight(y int, m time.Month, d int) time.Time {
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// lastBefore is the last instant before t that the layout can show.
func lastBefore(t time.Time) value { return dateValue(t.Add(-time.Millisecond)) }
