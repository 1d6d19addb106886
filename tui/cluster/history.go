package cluster

import "time"

// Samples is how many samples a history has, one a second.
const Samples = 300

// Series is the latest samples of something, a ring.
type Series struct {
	ring [Samples]float32
	n    int // samples ever taken
}

// Add takes a sample.
func (s *Series) Add(v float64) {
	s.ring[s.n%Samples] = float32(v)
	s.n++
}

// Last returns the latest n samples, or as many as there are, the newest last.
func (s *Series) Last(n int) []float64 {
	n = min(n, s.n, Samples)
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(s.ring[(s.n-n+i)%Samples])
	}
	return out
}

// Now is the latest sample.
func (s *Series) Now() float64 {
	if s.n == 0 {
		return 0
	}
	return float64(s.ring[(s.n-1)%Samples])
}

// Mean is the mean of the latest n samples.
func (s *Series) Mean(n int) float64 {
	last, sum := s.Last(n), 0.0
	for _, v := range last {
		sum += v
	}
	return sum / float64(max(len(last), 1))
}

// History is how a cluster was in the latest minutes.
type History struct {
	// CPUs, Mem, Disk and GPUs are the shares in use: 0 to 1.
	CPUs, Mem, Disk, GPUs Series
	// Tasks is how many are alive.
	Tasks Series
	// Launches and Failures are a second's.
	Launches, Failures Series

	sampled          time.Time
	launched, failed int
}

// Tick takes a sample of every history that is due.
func (c *Cluster) Tick(now time.Time) {
	h := &c.History
	since := now.Sub(h.sampled)
	if since < time.Second {
		return
	}
	first := h.sampled.IsZero()
	h.sampled = now
	h.CPUs.Add(Amounts{CPUs: c.used.CPUs}.Share(c.total))
	h.Mem.Add(Amounts{Mem: c.used.Mem}.Share(c.total))
	h.Disk.Add(Amounts{Disk: c.used.Disk}.Share(c.total))
	h.GPUs.Add(Amounts{GPUs: c.used.GPUs}.Share(c.total))
	h.Tasks.Add(float64(c.alive))
	if !first {
		h.Launches.Add(float64(c.launched-h.launched) / since.Seconds())
		h.Failures.Add(float64(c.failed-h.failed) / since.Seconds())
	}
	h.launched, h.failed = c.launched, c.failed
}
