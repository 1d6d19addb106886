package pane

// rows is how many rows a line takes.
func (p *Pane) rows(line int) int {
	if !p.wrap {
		return 1
	}
	return len(p.split.of(p.lines.Line(line), p.width))
}

// scroll moves by rows.
func (p *Pane) scroll(by int) {
	for ; by > 0 && p.top < p.lines.Len(); by-- {
		if p.row++; p.row >= p.rows(p.top) {
			p.top, p.row = p.top+1, 0
		}
	}
	for ; by < 0 && (p.top > 0 || p.row > 0); by++ {
		if p.row--; p.row < 0 {
			p.top--
			p.row = p.rows(p.top) - 1
		}
	}
	p.clamp()
}

// ToBottom shows the last lines.
func (p *Pane) ToBottom() { p.top, p.row = p.last() }

// AtBottom reports whether the last line is shown.
func (p *Pane) AtBottom() bool {
	line, row := p.last()
	return p.top > line || p.top == line && p.row >= row
}

// last is the place at which the last line is the last row.
func (p *Pane) last() (line, row int) {
	left := p.height
	for line = p.lines.Len() - 1; line >= 0; line-- {
		rows := p.rows(line)
		if rows >= left {
			return line, rows - left
		}
		left -= rows
	}
	return 0, 0
}

// clamp keeps the place within the lines.
func (p *Pane) clamp() {
	if p.top < 0 {
		p.top, p.row = 0, 0
	}
	if line, row := p.last(); p.top > line || p.top == line && p.row > row {
		p.top, p.row = line, row
	}
}

// bottomLine is the line after the last one shown.
func (p *Pane) bottomLine() int {
	rows := -p.row
	for line := p.top; line < p.lines.Len(); line++ {
		if rows += p.rows(line); rows >= p.height {
			return line + 1
		}
	}
	return p.lines.Len()
}

// LineAt is the line at a row of the pane; -1 if there is none.
func (p *Pane) LineAt(row int) int {
	row += p.row
	for line := p.top; row >= 0 && line < p.lines.Len(); line++ {
		if row -= p.rows(line); row < 0 {
			return line
		}
	}
	return -1
}
