package resources

// Find looks for targets by amount: the result is resources of r, with their
// own reservations, that together make up the targets. What is reserved to a
// target's role is taken first, then what is unreserved, then what is reserved
// to other roles. False if r has not enough.
func (r Resources) Find(targets Resources) (Resources, bool) {
	var total Resources
	for i := range targets.items {
		found, ok := r.findOne(&targets.items[i])
		if !ok {
			return Resources{}, false
		}
		total = total.Add(found)
	}
	return total, true
}

func (r Resources) findOne(target *item) (Resources, bool) {
	search := search{remaining: Resources{items: []item{*target}}.ToUnreserved()}
	role := reservationRole(target.Reservations)
	for preference := range 3 {
		for i := range r.items {
			if findPreference(r.items[i].Reservations, role) == preference && search.take(r.items[i]) {
				return search.found, true
			}
		}
	}
	return Resources{}, false
}

// findPreference is 0 for what is reserved to role, 1 for what is unreserved,
// and 2 for what is reserved to another role.
func findPreference(layers []Reservation, role string) int {
	switch reservationRole(layers) {
	case "":
		return 1
	case role:
		return 0
	default:
		return 2
	}
}

// search is one target being made up of what is found.
type search struct {
	found, remaining Resources
}

// take uses an item for what is still to be found; it reports whether that is
// all found now.
func (s *search) take(it item) bool {
	unreserved := Resources{items: []item{it}}.ToUnreserved()
	if unreserved.Contains(s.remaining) {
		for _, rest := range s.remaining.items {
			rest.reserve(it.Reservations)
			s.found.add(rest)
		}
		return true
	}
	if s.remaining.Contains(unreserved) {
		s.found.add(it)
		s.remaining = s.remaining.Sub(unreserved)
	}
	return false
}
