package report

// Hold makes the console's report leave the last line of the terminal alone while somebody else
// writes there.
func Hold(r Reporter, held bool) {
	if o, ok := r.(*once); ok {
		if c, ok := o.to.(*console); ok {
			c.hold(held)
		}
	}
}

func (c *console) hold(held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = held
	_ = c.draw(true) // kept in c.err
}
