// Package sketch answers questions about keys when the keys do not fit: how many distinct ones there are, how
// often one occurs, which are the most frequent. Its answers are approximate, in a memory that is chosen
// beforehand, and each comes with a bound.
//
//	users, err := sketch.NewHLL[string](sketch.HLLOptions{})
//	if err != nil {
//		return err
//	}
//	for click, err := range clicks {
//		if err != nil {
//			return err
//		}
//		users.Add(click.User)
//	}
//	lo, hi := users.Bounds(2)
//	fmt.Printf("%d users, 95 %% sure of %d to %d\n", users.Estimate(), lo, hi)
//
// # Which one
//
//   - [HLL]: how many distinct keys? 16 KiB count to a billion and beyond, give or take 0.8 %.
//   - [CountMin]: how often was this key added? Never too low, at most Epsilon of the total too high.
//   - [HeavyHitters]: which keys are the most frequent? None above Total/Capacity is missed, each with the two
//     ends between which its count lies.
//
// [DistinctFold], [FrequencyFold] and [HeavyHittersFold] are the same per group, for stream.Aggregate, windows
// and sessions.
//
// # When not to use one
//
// A Go map counts exactly, at some tens of bytes per key: up to some millions of keys it is the better
// answer, and stream.Aggregate with stream/fold the better call. Take a sketch when the keys do not fit; when
// there is a set of them per group and the groups are many; when partial results are stored or sent and
// merged later (distinct users per day cannot be added up to those per week, their sketches can); or when keys
// must not be kept at all. Do not take one for money, for quotas somebody will dispute, or to decide about a
// single key.
//
// # Words
//
// A key is what is counted; a register (HLL) or counter (CountMin) is a cell that keys share; an estimate may
// be off either way, a count only upwards. Precision is the binary logarithm of the number of registers. The
// total N is the sum of all that was added, repetitions included. A candidate is a key that HeavyHitters
// remembers, the floor is what a key can count without being one.
//
// # Guarantees
//
//  1. HLL: what it holds is a function of the set of keys, whatever their order, their repetitions, and
//     however they were split and merged. So are its snapshot's bytes.
//  2. HLL: the relative standard error is 1.04/sqrt(2^precision). Looking at a sketch does not change it.
//  3. CountMin: Count is never below the truth, and above it by more than e/width*N only with probability
//     exp(-depth), per key asked. Conservative or not, merged or not. Counters stop at their maximum.
//  4. HeavyHitters: a candidate's count lies in [Count-Error, Count]; a key that is no candidate counts at most
//     Floor; Floor is at most Total/Capacity. All three are certain, after any merges.
//  5. The same keys in the same order with the same options give the same results and bytes in every run, on
//     every machine. Estimates of an HLL are floating-point arithmetic over equal registers; between kinds of
//     processors they may differ in the last unit.
//  6. Merge and Restore refuse another configuration with an [Error] that matches stream.ErrConflict: options,
//     seed, and for Restore the shape of the key type (its leaves in order, without names).
//  7. Restore takes any bytes: broken ones give an [Error] that matches stream.ErrCorrupt, the receiver stays as
//     it was, and what is allocated is in proportion to what was read.
//
// Keys follow the rules of the whole module: comparable types without pointers or channels (refused at
// construction), time.Time by instant, all NaN one key, -0 and 0 one key, interface keys by dynamic type and
// value. The hash is stable; its seed is an option.
//
// # Cost
//
// An HLL takes, once dense, one byte per register; a sparse one grows up to that with its keys.
//
//	Precision   dense      standard error     sparse up to about
//	        4     16 B     26.0 %                        4 keys
//	       10    1 KiB      3.25 %                     350 keys
//	       12    4 KiB      1.63 %                   1,500 keys
//	       14   16 KiB      0.81 %                   7,700 keys
//	       16   64 KiB      0.41 %                  34,000 keys
//	       18  256 KiB      0.20 %                 150,000 keys
//
// While sparse it tells keys apart by 25 bits or more of their hashes, so that the standard error is about
// 0.012 % of the count: a thousand keys are counted exactly or one short. Bounds does not make use of that.
// Sparse adds cost about ten times as much as dense ones, and allocate now and then when the list is rebuilt;
// dense adds allocate nothing.
//
// A CountMin takes ceil(e/Epsilon) * ceil(ln(1/Delta)) counters of 8 bytes from the start:
//
//	Epsilon   Delta   width    depth   memory
//	  0.01    0.01      272        5    11 KiB
//	  0.001   0.02     2719        4    85 KiB
//	  0.001   0.01     2719        5   106 KiB
//	  0.0001  0.01    27183        5   1.0 MiB
//	  0.00001 0.001  271829        7    15 MiB
//
// A HeavyHitters takes that and, per candidate, about 50 bytes and the key, up to twice as much while its list
// grows. Adding touches one register, depth counters, or these and the list; nothing allocates once the list is
// full.
//
// Sketches are not safe for concurrent use: give each goroutine its own and merge them.
//
// # Sources
//
// Flajolet, Fusy, Gandouet and Meunier 2007 (HyperLogLog and its error); Heule, Nunkesser and Hall 2013 (sparse
// representation); Qin, Kim and Tung 2016 (LogLog-Beta, by which github.com/axiomhq/hyperloglog, on which HLL
// stands, estimates); Cormode and Muthukrishnan 2005 (Count-Min); Estan and Varghese 2002 (conservative update);
// Metwally, Agrawal and El Abbadi 2005 (the list of candidates: Space-Saving); Homem and Carvalho 2010
// (filtering what enters it); Agarwal and others 2012 (merging such lists).
package sketch
