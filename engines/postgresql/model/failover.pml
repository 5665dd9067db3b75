/*
 * Fenced failover of PostgreSQL under Patroni 4.0.7, etcd and quorum commit. README.md beside this file says what is modelled.
 *
 * Each action is one atomic step, and any other node's step may come between two of them. So "slow", "frozen", "cut off from etcd"
 * and "message late or lost" are all the same thing here: a step that isn't taken yet.
 */
#ifndef N
#define N 3 /* nodes: 3 or 5 */
#endif
#ifndef MAXPOS
#define MAXPOS 2 /* log positions */
#endif
#ifndef MAXTL
#define MAXTL 3 /* timelines: one more than promotions */
#endif
#ifndef FAULTS
#define FAULTS 1 /* crashes of a node and lost replication connections, all together */
#endif
#ifndef LOSSES
#define LOSSES 0 /* of volumes */
#endif

#if defined(NO_COMPARE_LEADER) || defined(NO_COMPARE_SYNC) || defined(NO_COMPARE_VOTES)
#define LATE
#endif

#define NONE 7 /* nobody holds the leader key */
#define STAR (1 << N) /* synchronous_standby_names = ANY 1 (*) */
#define ALL (STAR - 1)
#define WANTED ((N - 1) / 2) /* synchronous_node_count */

#if N == 3
#define SUM(f) (f(0) + f(1) + f(2))
#else
#define SUM(f) (f(0) + f(1) + f(2) + f(3) + f(4))
#endif
#define EACH(i) i : 0 .. (N - 1)
#define IN(i, set) (((set) >> (i)) & 1)
#define CARD(set) (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1) + (((set) >> 3) & 1) + (((set) >> 4) & 1))

/* What a container does. PostgreSQL, Patroni and steward of a node stop together. */
#define DOWN 0
#define STANDBY 1
#define PRIMARY 2
#define EMPTY 3
#define CLONING 4

/* etcd */
byte holder = 0; /* of /leader; every change of it is a new term */
byte syncLeader = 0;
byte voters = ALL - 1; /* sync_standby */
byte quorum = N - 1 - WANTED;
bool confirmed = true; /* the leader's steward has confirmed this revision of /sync */
byte confirming; /* ... is about to: the position it waits for, and 1 */
byte history = 1, promoted = 0; /* last timeline in /history, and who was promoted to it */
byte vote[N]; /* 0: none, 1: bound to this term, 2: to an earlier one */
#ifdef NO_TOMBSTONE
bool sent[N], withdrawn[N]; /* a vote that is still on its way to etcd, and one that was withdrawn there */
#endif
byte votePos[N], voteTl[N];

#ifdef LATE
/* A transaction that a steward has read for, and not sent yet. With every comparison in it, it is the same as one that reads when it is sent. */
bool ready;
byte candidate;
#endif

/* nodes: disk */
byte tl[N] = 1;
byte pos[N];
byte fence[N]; /* 1: under this term or without a vote, 2: has voted in an earlier term */
/* nodes: processes */
byte pg[N] = STANDBY;
bool replayed[N] = true; /* all of the local WAL, since the last start */
byte conninfo[N], source[N]; /* 0: none, else the node + 1: what is configured, and whom the walreceiver is connected to */
byte names[N], number[N]; /* synchronous_standby_names */
/* nodes: Patroni. What it read last; of /sync only where it believes that it leads. */
byte seen[N];
bool seenSync[N]; /* its revision of /sync is the present one */
byte seenLeader[N], seenVoters[N], seenQuorum[N];
#ifdef CALM
bool dirty[N]; /* the resolver may have something to do */
#define DIRTY(n) dirty[n] = true
#define IS_DIRTY dirty[me]
#else
#define DIRTY(n) skip
#define IS_DIRTY true
#endif
byte caughtUp[N], mustReach[N]; /* SyncHandler: _ready_replicas, _primary_flush_lsn */

/* by timeline, from 1 */
byte last = 1, legit = 1; /* the latest of all, and of those whose leader held the key when it was promoted */
byte parent[MAXTL + 1], fork[MAXTL + 1];
byte acked[MAXTL + 1];
byte flushed[(MAXTL + 1) * N]; /* what a node has reported to the primary of a timeline; it may be read late */
#define FLUSHED(t, s) flushed[(t) * N + (s)]

byte faults = FAULTS, losses = LOSSES;

/* scratch: no part of the state */
hidden byte i, j, c, cand, walk, lim, best;
hidden byte ok;

/* The bound: nothing is looked at that only a promotion after the last one would show. */
#define MORE (last < MAXTL)
#ifdef CALM
bool calm; /* from here on nothing fails, and nobody is suspected that lives */
#define OF_INTEREST(n) (calm || tl[n] < MAXTL)
#define MAY_FAIL (!calm)
#define MAY_SUSPECT (!calm || pg[holder] == DOWN)
#define MAY_TRUST (!calm || holder == NONE || pg[holder] != DOWN)
#define MAY_EXPIRE (!calm || pg[me] == DOWN || pg[me] == EMPTY)
#else
#define OF_INTEREST(n) (tl[n] < MAXTL)
#define MAY_FAIL true
#define MAY_SUSPECT true
#define MAY_TRUST true
#define MAY_EXPIRE true
#endif

/* --- logs --- */

/* lim: how far the log of node n goes along timeline t; walk != t where t isn't in it */
inline walkFrom(startTl, startPos, t) {
  walk = startTl; lim = startPos;
  do
  :: walk > t -> lim = (fork[walk] < lim -> fork[walk] : lim); walk = parent[walk]
  :: else -> break
  od
}

/* No acknowledged write is lost: a log that is promoted has all of them. */
inline checkPromotion(n) {
  for (i : 1 .. last) {
    if
    :: acked[i] > fork[i] -> walkFrom(tl[n], pos[n], i); assert(walk == i && lim >= acked[i])
    :: else
    fi
  }
}

/* No two leaders acknowledge so that both count: what another one acknowledges, the latest that held the key has. */
inline checkAck(n) {
  if
  :: tl[n] != legit -> walkFrom(legit, fork[legit], tl[n]); assert(walk == tl[n] && lim >= acked[tl[n]])
  :: else
  fi
}

/* --- etcd --- */

#ifdef LATE
inline forget() { ready = false; candidate = 0 }
#else
inline forget() { skip }
#endif

inline syncChanged() {
  for (EACH(i)) { if :: seen[i] == i -> seenSync[i] = false :: else fi }
  confirmed = false; confirming = 0;
#ifndef NO_COMPARE_SYNC
  forget();
#endif
}

inline newTerm(who) {
  holder = who;
  /* it was promoted too early, by what it had read before, and holds the key after all */
  if :: holder != NONE && pg[holder] == PRIMARY && legit != tl[who] -> checkPromotion(holder); legit = tl[holder] :: else fi;
  for (EACH(i)) {
    if :: vote[i] == 1 && fence[i] -> fence[i] = 2 :: else fi;
#ifdef NO_TERM
    if :: vote[i] -> vote[i] = 2 :: else fi;
#else
    vote[i] = 0; votePos[i] = 0; voteTl[i] = 0;
#endif
#ifdef NO_TOMBSTONE
    sent[i] = false; withdrawn[i] = false
#endif
  }
  confirming = 0;
#ifndef NO_COMPARE_LEADER
  forget();
#endif
}

inline voteGone(n) {
#if defined(LATE) && !defined(NO_COMPARE_VOTES)
  forget()
#else
  skip
#endif
}

/* --- PostgreSQL --- */

inline noPrimary(n) {
  for (EACH(i)) {
    if :: source[i] == n + 1 -> source[i] = 0; if :: pg[i] == CLONING -> pg[i] = EMPTY :: else fi :: else fi;
    if :: pg[n] == PRIMARY -> FLUSHED(tl[n], i) = 0 :: else fi
  }
  names[n] = 0; number[n] = 0; caughtUp[n] = 0; mustReach[n] = 0
}

inline notSeenLeading(n) { seenSync[n] = false; seenLeader[n] = 0; seenVoters[n] = 0; seenQuorum[n] = 0 }

inline load(n) {
  seen[n] = holder;
  if
  :: seen[n] == n -> seenSync[n] = true; seenLeader[n] = syncLeader; seenVoters[n] = voters; seenQuorum[n] = quorum; DIRTY(n)
  :: else -> notSeenLeading(n)
  fi;
  if
  :: pg[n] == STANDBY ->
    c = (seen[n] == n || seen[n] == NONE -> 0 : seen[n] + 1);
    if :: source[n] && source[n] != c -> DIRTY(source[n] - 1); source[n] = 0 :: else fi;
    conninfo[n] = c
  :: else
  fi
}

#define ACKS(s) (s != me && IN(s, (names[me] & STAR -> ALL : names[me])) && (pg[s] != CLONING || (names[me] & STAR)) && \
  FLUSHED(tl[me], s) > acked[tl[me]])

/* --- Patroni: quorum.py's QuorumStateResolver, up to its first change. Names of the variables are its own. --- */

#define NOTHING 0
#define QUORUM 1
#define SYNC 2
hidden byte rLeader, rVoters, rSync, rActive, gone, joining, outV;
hidden short rQuorum, rNumsync, rConfirmed, a, b, margin;
hidden byte what, outLeader, outSet;
hidden short outNum;
hidden byte closed, broken;
hidden short wantedNum, asked;
hidden byte keepSync, add, askedSet;
#define UNION(x, y) ((x) | (y))
#define LESS(x, y) ((x) & ~(y) & ALL)
/* no conditional expressions: inlines don't take them */
#define MIN(x, y) (((x) < (y)) * (x) + ((x) >= (y)) * (y))
#define MAX(x, y) (((x) > (y)) * (x) + ((x) <= (y)) * (y))

inline emit(kind, who, num, set) {
  if
  :: closed || broken
  :: else ->
    if
    :: what == NOTHING || what == kind -> what = kind; outLeader = who; outNum = num; outSet = set
    :: else -> closed = true
    fi
  fi
}

inline invariants() {
  a = UNION(rVoters, 1 << rLeader); b = UNION(rSync, 1 << me);
  if
  :: rVoters && CARD(UNION(a, b)) > rQuorum + rNumsync + 1 -> broken = true
  :: LESS(a, b) && LESS(b, a) -> broken = true
  :: else
  fi
}

inline quorumUpdate(q, v, who, changes, adjust) {
  if
  :: broken
  :: else ->
    margin = q; outV = v;
    if
    :: margin < 0 || (margin > 0 && margin >= CARD(outV)) -> broken = true
    :: else ->
      ok = rLeader == who;
      rLeader = who;
      if
      :: !changes && rConfirmed == 0 && rVoters == 0 -> margin = 0; outV = 0
      :: !changes && !(rConfirmed == 0 && rVoters == 0) && (adjust) -> margin = margin + MAX(rNumsync - rConfirmed, 0)
      :: else
      fi;
      if
      :: ok && margin == rQuorum && outV == rVoters -> if :: rVoters :: else -> closed = true fi
      :: else ->
        rQuorum = margin; rVoters = outV;
        invariants();
        emit(QUORUM, rLeader, rQuorum, rVoters)
      fi
    fi
  fi
}

inline syncUpdate(n, s) {
  if
  :: broken
  :: else ->
    margin = n; outV = s;
    if
    :: margin < 0 || margin > CARD(outV) -> broken = true
    :: else -> rNumsync = margin; rSync = outV; invariants(); emit(SYNC, rLeader, rNumsync, rSync)
    fi
  fi
}

/* The highest of `set`, `n` of them: sorted(…, reverse=True)[:n]; the lowest for `sorted(…)[:n]`. */
inline pick(set, n, fromTop) {
  best = 0; c = 0;
  for (EACH(i)) {
    j = (fromTop -> N - 1 - i : i);
    if :: IN(j, set) && c < n -> best = best | (1 << j); c++ :: else fi
  }
}

inline resolve() {
  what = NOTHING; closed = false; broken = false;
  rLeader = seenLeader[me]; rVoters = seenVoters[me]; rQuorum = seenQuorum[me];
  rSync = (names[me] & STAR -> 0 : names[me]); rNumsync = MIN(number[me], CARD(rSync));
  rActive = 0;
  for (EACH(i)) {
    if
    :: i != me && source[i] == me + 1 && pg[i] == STANDBY ->
      rActive = rActive | (1 << i);
      if :: IN(i, rSync) && FLUSHED(tl[me], i) >= mustReach[me] -> caughtUp[me] = caughtUp[me] | (1 << i) :: else fi
    :: else
    fi
  }
  rConfirmed = CARD(rActive & caughtUp[me]);

  if
  :: rLeader != me ->
    gone = UNION(LESS(rVoters, 1 << me), 1 << rLeader);
    if :: rSync == 0 -> asked = CARD(gone) - rQuorum; syncUpdate(asked, gone) :: else fi;
    quorumUpdate(rQuorum, gone, me, true, true);
    if :: !broken && !(rSync & rActive) -> closed = true :: else fi
  :: else -> invariants()
  fi;
  if
  :: broken && !closed -> broken = false; asked = CARD(rSync) - rNumsync; quorumUpdate(asked, rSync, rLeader, false, true)
  :: else
  fi;
  if
  :: closed || broken || rLeader != me
  :: else ->
    if
    :: rConfirmed == 0 && (rSync & rActive) -> rConfirmed = MIN(CARD(rSync & rActive), CARD(rVoters) - rQuorum)
    :: else
    fi;
    /* an interrupted change */
    if
    :: rSync != rVoters && LESS(rSync, rVoters) == 0 ->
      gone = LESS(rVoters, UNION(rSync, rActive));
      if
      :: gone -> asked = CARD(rVoters) - CARD(gone) - rNumsync; askedSet = LESS(rVoters, gone); quorumUpdate(asked, askedSet, rLeader, false, LESS(rSync, rActive) == 0)
      :: else
      fi;
      joining = LESS(rVoters & rActive, rSync);
      if :: joining -> askedSet = UNION(rSync, joining); syncUpdate(rNumsync, askedSet) :: else fi
    :: rSync != rVoters && LESS(rVoters, rSync) == 0 ->
      gone = LESS(rSync, rActive);
      joining = LESS(rSync, gone);
      if
      :: gone && joining && (rVoters == 0 || (joining & rVoters)) -> asked = MIN(rNumsync, CARD(rSync) - CARD(gone)); syncUpdate(asked, joining)
      :: else
      fi;
      joining = LESS(rSync, rVoters) & rActive;
      if :: joining -> asked = CARD(UNION(rVoters, joining)) - rNumsync; askedSet = UNION(rVoters, joining); quorumUpdate(asked, askedSet, rLeader, false, true) :: else fi;
      gone = LESS(rSync, rVoters);
      if :: gone -> asked = MIN(rNumsync, CARD(rSync) - CARD(gone)); askedSet = LESS(rSync, gone); syncUpdate(asked, askedSet) :: else fi
    :: else
    fi;
    if :: rVoters != rSync -> broken = true :: else fi;
    if
    :: broken
    :: else ->
      a = rQuorum + MIN(rNumsync, rConfirmed) - CARD(rVoters | rSync);
      b = rQuorum + rNumsync - CARD(rVoters | rSync);
      if
      :: a > 0 && rNumsync > WANTED -> asked = MAX(WANTED, CARD(rVoters) - rQuorum); syncUpdate(asked, rSync)
      :: a > 0 && rNumsync <= WANTED -> asked = CARD(rSync) - rNumsync; quorumUpdate(asked, rVoters, rLeader, false, true)
      :: a <= 0 && rNumsync == WANTED && b > 0 && rNumsync > rConfirmed ->
        asked = CARD(rSync) - rNumsync; quorumUpdate(asked, rVoters, rLeader, false, true)
      :: else
      fi
    fi;
    /* nodes that are gone */
    gone = LESS(rSync, rActive);
    if
    :: broken
    :: gone && gone == rSync -> quorumUpdate(0, 0, rLeader, false, false); syncUpdate(0, 0)
    :: gone && gone != rSync ->
      if
      :: rQuorum > 0 ->
        pick(gone, rQuorum, true); joining = best;
        a = MIN(MAX(WANTED, rNumsync), CARD(LESS(rSync, joining)));
        askedSet = LESS(rSync, joining); syncUpdate(a, askedSet);
        gone = gone & rSync;
        asked = CARD(LESS(rVoters, joining)) - rNumsync; askedSet = LESS(rVoters, joining); quorumUpdate(asked, askedSet, rLeader, false, gone == 0)
      :: else
      fi;
      if
      :: gone && !broken ->
        a = rNumsync - CARD(gone);
        keepSync = LESS(rSync, gone); best = LESS(rVoters, gone);
        b = a - MIN(WANTED, CARD(keepSync));
        b = (b != 0 -> MIN(b, CARD(best) - 1) : 0);
        wantedNum = a;
        quorumUpdate(b, best, rLeader, false, false);
        syncUpdate(wantedNum, keepSync)
      :: else
      fi
    :: else
    fi;
    /* new ones */
    joining = LESS(rActive, rSync);
    if
    :: joining && !broken ->
      wantedNum = MIN(WANTED, CARD(UNION(rSync, joining)));
      if
      :: wantedNum > rNumsync ->
        if :: rSync -> pick(joining, wantedNum - rNumsync, false); add = best :: else -> add = joining fi;
        a = (rSync -> rNumsync + CARD(add) : wantedNum);
        askedSet = UNION(rSync, add); syncUpdate(a, askedSet);
        asked = CARD(UNION(rVoters, add)) - wantedNum; askedSet = UNION(rVoters, add); quorumUpdate(asked, askedSet, rLeader, false, true);
        joining = LESS(joining, rSync)
      :: else
      fi;
      if
      :: joining && !broken ->
        asked = CARD(UNION(rVoters, joining)) - wantedNum; askedSet = UNION(rVoters, joining); quorumUpdate(asked, askedSet, rLeader, false, WANTED > rConfirmed);
        askedSet = UNION(rSync, joining); syncUpdate(wantedNum, askedSet)
      :: else
      fi
    :: else
    fi;
    /* another number of copies */
    a = MIN(WANTED, CARD(rSync)) - rNumsync;
    wantedNum = rNumsync + a;
    if
    :: a > 0 && !broken ->
      syncUpdate(wantedNum, rSync);
      asked = CARD(rVoters) - rNumsync; quorumUpdate(asked, rVoters, rLeader, false, true)
    :: a < 0 && !broken ->
      if
      :: rQuorum - a < CARD(rVoters) ->
        asked = CARD(rVoters) - rNumsync - a; quorumUpdate(asked, rVoters, rLeader, false, WANTED > rConfirmed)
      :: else
      fi;
      syncUpdate(wantedNum, rSync)
    :: else
    fi
  fi
}

inline processSync() {
  resolve();
#ifdef CALM
  dirty[me] = what != NOTHING && (what != QUORUM || seenSync[me]);
#endif
  if
  :: what == QUORUM && seenSync[me] ->
    syncChanged();
    syncLeader = outLeader; voters = outSet; quorum = outNum;
    seenSync[me] = true; seenLeader[me] = outLeader; seenVoters[me] = outSet; seenQuorum[me] = outNum
  :: what == SYNC ->
    names[me] = (outSet -> outSet : STAR); number[me] = MAX(outNum, 1);
    mustReach[me] = pos[me]; caughtUp[me] = caughtUp[me] & names[me]
  :: else
  fi
}

/* --- the stewards' transaction --- */

#ifdef NO_TERM
#define VALID(n) vote[n]
#else
#define VALID(n) (vote[n] == 1)
#endif
#ifdef NO_TIMELINE
#define COUNTED(n) (n != holder && VALID(n))
#else
#define COUNTED(n) (n != holder && VALID(n) && voteTl[n] == tl[holder])
#endif
#define IN_QUORUM(n) (COUNTED(n) && IN(n, voters))
#ifdef NO_THRESHOLD
#define NEEDED (quorum)
#else
#define NEEDED (quorum + 1)
#endif
#ifdef NO_SYNC_LEADER
#define RIGHT_SYNC true
#else
#define RIGHT_SYNC (syncLeader == holder)
#endif
#ifdef NO_CONFIRMED
#define CONFIRMED true
#else
#define CONFIRMED confirmed
#endif
#ifdef LEASE_AS_TODAY
#define RACE_ALLOWED true
#define FORMER_LEADER (syncLeader == me)
#else
#define RACE_ALLOWED confirmed
#define FORMER_LEADER (syncLeader == me && promoted == me)
#endif
#define DECIDED (MORE && holder != NONE && RIGHT_SYNC && CONFIRMED && SUM(COUNTED) > 0 && SUM(IN_QUORUM) >= NEEDED)

#ifdef NO_HIGHEST
#define BETTER(n, m) (votePos[n] < votePos[m])
#else
#define BETTER(n, m) (voteTl[n] > voteTl[m] || (voteTl[n] == voteTl[m] && votePos[n] > votePos[m]))
#endif

#ifdef LATE_HISTORY
inline noteHistory() { skip }
#else
inline noteHistory() { history = last + 1; promoted = me }
#endif

inline choose() {
  cand = NONE;
  for (EACH(i)) { if :: COUNTED(i) && (cand == NONE || BETTER(i, cand)) -> cand = i :: else fi }
}

inline handOver() {
#ifdef VACATE
  newTerm(NONE);
#else
  newTerm(cand);
#endif
#ifndef NO_REPUT
  ok = confirmed;
  syncChanged();
#ifndef NO_CARRY
  confirmed = ok; /* by the votes and what the old one had: nobody has acknowledged anything since */
#endif
#endif
#if !defined(SAME_SYNC) && !defined(NO_REPUT)
  voters = UNION(LESS(voters, 1 << cand), 1 << syncLeader); syncLeader = cand;
#endif
  forget()
}

#ifdef CALM
/* Somebody leads, and enough standbys follow for a write to be acknowledged. */
#define FOLLOWS(s) (s != holder && IN(s, (names[holder] & STAR -> ALL : names[holder])) && pg[s] == STANDBY && source[s] == holder + 1)
#define LEADS (pg[holder] == PRIMARY && seen[holder] == holder && SUM(FOLLOWS) >= number[holder])
#define LIVES(n) (pg[n] != DOWN)
#define LIVING_VOTER(n) (IN(n, voters) && LIVES(n))
/* Without this nobody may lead, whatever the protocol, until another node is back. */
#define CAN_END_WELL (2 * SUM(LIVES) > N)
#define BOUND_REACHED (!MORE && (holder == NONE || pg[holder] != PRIMARY))
#endif

proctype stewards() {
  do
#ifdef CALM
  :: d_step { !calm && CAN_END_WELL -> calm = true }
  :: d_step { calm && (BOUND_REACHED || (holder != NONE && LEADS)) -> skip }
#endif
#ifdef LATE
  :: d_step { !ready && DECIDED -> choose(); ready = true; candidate = cand }
  :: d_step { ready -> cand = candidate; handOver() }
#else
  :: d_step { DECIDED -> choose(); handOver() }
#endif
  od
}

/* --- a node --- */

#define UP(n) (pg[n] != DOWN)
#define ME_LEADS (seen[me] == me)
#define SOURCE (conninfo[me] - 1)
#ifdef NO_VOTE_CHECK
#define MAY_STREAM true
#else
#define MAY_STREAM (fence[me] || vote[me] != 1)
#endif
#ifdef NO_DURABLE
inline unfence(n) { fence[n] = 0 }
#else
inline unfence(n) { skip }
#endif
#ifdef NO_WAIT
inline endReceiver() { skip }
#else
inline endReceiver() { if :: source[me] -> DIRTY(source[me] - 1); source[me] = 0 :: else fi }
#endif
#ifdef NO_FOLLOWING
#define FOLLOWING true
#else
#define FOLLOWING (conninfo[me] == holder + 1)
#endif
#ifdef NO_REPLAY
#define REPLAYED true
#else
#define REPLAYED replayed[me]
#endif
#ifdef NO_TOMBSTONE
#define NO_VOTE (vote[me] != 1 && (!sent[me] || withdrawn[me]))
#else
#define NO_VOTE (vote[me] != 1)
#endif
#ifdef NO_TOMBSTONE
inline sendVote() { sent[me] = true; withdrawn[me] = false }
#else
inline sendVote() { vote[me] = 1 }
#endif
#ifdef NO_WITHDRAWAL
#define LIFTED_BY_WITHDRAWAL (fence[me] == 1)
#else
#define LIFTED_BY_WITHDRAWAL (fence[me] == 1 && NO_VOTE && MAY_TRUST)
#endif
#ifdef NO_LIFTING
#define LIFTED_BY_TERM (fence[me] == 2)
#else
#define LIFTED_BY_TERM (fence[me] == 2 && holder != NONE && NO_VOTE && (conninfo[me] == holder + 1 || (holder == me && pg[me] == PRIMARY)))
#endif
#ifdef NO_FENCE
#define FENCED false
#else
#define FENCED (fence[me] > 0)
#endif
#define AGREES(s) (s != me && IN(s, voters) && pg[s] == STANDBY && replayed[s] && pos[s] <= pos[me])

#define REACHES(s) (IN(s, voters) && FLUSHED(tl[me], s) + 1 >= confirming)

inline goDown(n) {
  noPrimary(n);
  if :: pg[n] == STANDBY && source[n] -> DIRTY(source[n] - 1) :: else fi;
  pg[n] = DOWN; source[n] = 0; replayed[n] = false; seen[n] = NONE; notSeenLeading(n)
}

proctype node(byte me) {
  do
  /* PostgreSQL */
  :: d_step { MAY_FAIL && pg[me] == PRIMARY && OF_INTEREST(me) && pos[me] < MAXPOS -> pos[me]++ }
  :: d_step { pg[me] == PRIMARY && acked[tl[me]] < pos[me] && SUM(ACKS) >= number[me] && OF_INTEREST(me) -> acked[tl[me]]++; checkAck(me) }
  :: d_step { pg[me] == STANDBY && source[me] && pos[me] < pos[source[me] - 1] ->
      pos[me]++; FLUSHED(tl[me], me) = pos[me]; DIRTY(source[me] - 1) }
  :: d_step { pg[me] == CLONING && FLUSHED(tl[source[me] - 1], me) < pos[source[me] - 1] ->
      FLUSHED(tl[source[me] - 1], me) = pos[source[me] - 1] }
  :: d_step { (pg[me] == STANDBY) && !replayed[me] -> replayed[me] = true }
  :: d_step { pg[me] == STANDBY && conninfo[me] && source[me] == 0 && !FENCED && MAY_STREAM && replayed[me] &&
      pg[SOURCE] == PRIMARY ->
      walkFrom(tl[SOURCE], pos[SOURCE], tl[me]);
      if :: walk == tl[me] && pos[me] <= lim :: else -> pos[me] = pos[SOURCE] fi; /* rewound */
      tl[me] = tl[SOURCE]; source[me] = conninfo[me]; FLUSHED(tl[me], me) = pos[me]; DIRTY(SOURCE) }
  :: d_step { MAY_FAIL && faults > 0 && pg[me] == STANDBY && source[me] -> faults--; DIRTY(source[me] - 1); source[me] = 0 }
  :: d_step { pg[me] == EMPTY && seen[me] != NONE && seen[me] != me && pg[seen[me]] == PRIMARY && MAY_STREAM ->
      pg[me] = CLONING; source[me] = seen[me] + 1; FLUSHED(tl[seen[me]], me) = 0 }
  :: d_step { pg[me] == CLONING -> pg[me] = STANDBY; conninfo[me] = source[me];
      tl[me] = tl[SOURCE]; pos[me] = pos[SOURCE]; FLUSHED(tl[me], me) = pos[me]; replayed[me] = true; DIRTY(SOURCE) }

  /* Patroni */
  :: d_step { UP(me) && (seen[me] != holder || (ME_LEADS && !seenSync[me])) -> load(me) }
  :: d_step { pg[me] == PRIMARY && (holder != me || !ME_LEADS) -> /* offline */
      noPrimary(me); pg[me] = STANDBY; conninfo[me] = 0; replayed[me] = false; seen[me] = NONE; notSeenLeading(me) }
  :: d_step { pg[me] == STANDBY && ME_LEADS && MORE ->
      /* process_sync_replication_prepromote */
      lim = UNION(seenVoters[me], 1 << seenLeader[me]);
      number[me] = CARD(lim) - seenQuorum[me] - (IN(me, lim) -> 1 : 0);
      names[me] = LESS(lim, 1 << me);
      if :: names[me] == 0 && number[me] -> names[me] = STAR :: else fi;
      if :: holder == me -> checkPromotion(me); legit = last + 1; noteHistory() :: else fi;
      last++; parent[last] = tl[me]; fork[last] = pos[me]; acked[last] = pos[me];
      tl[me] = last; pg[me] = PRIMARY; replayed[me] = true;
      mustReach[me] = pos[me]; DIRTY(me); conninfo[me] = 0; source[me] = 0 }
  :: d_step { pg[me] == PRIMARY && ME_LEADS && OF_INTEREST(me) && IS_DIRTY -> processSync(); if :: history < tl[me] -> history = tl[me]; promoted = me :: else fi }
  :: d_step { MORE && RACE_ALLOWED && holder == NONE && seen[me] == NONE && pg[me] == STANDBY && replayed[me] && tl[me] >= history &&
      (SUM(AGREES) + IN(me, voters) - 1 >= quorum || FORMER_LEADER) ->
      newTerm(me); load(me) }
#if defined(FREE_LEASE) || defined(VACATE)
  :: d_step { holder == NONE && seen[me] == NONE && pg[me] == PRIMARY && tl[me] >= history -> newTerm(me); load(me) }
#endif

  /* the lease */
#ifdef FREE_LEASE
  :: d_step { holder == me -> newTerm(NONE) }
#else
  :: d_step { MAY_EXPIRE && holder == me && pg[me] != PRIMARY -> newTerm(NONE);
      if :: UP(me) -> load(me) :: else fi }
#endif

  /* the steward: confirms /sync where it leads */
  :: d_step { holder == me && syncLeader == me && pg[me] == PRIMARY && !confirmed && confirming == 0 && (MORE || !MAY_FAIL) -> confirming = pos[me] + 1 }
  :: d_step { holder == me && syncLeader == me && pg[me] == PRIMARY && confirming &&
      SUM(REACHES) >= CARD(voters) - quorum && (MORE || !MAY_FAIL) -> confirmed = true; confirming = 0 }

  /* the steward: fence, vote, withdraw, lift */
  :: d_step { pg[me] == STANDBY && fence[me] == 0 && holder != NONE && holder != me && MORE && MAY_SUSPECT -> fence[me] = 1; endReceiver() }
  :: d_step { pg[me] == STANDBY && fence[me] && NO_VOTE && holder != NONE && holder != me && REPLAYED && FOLLOWING && MORE && MAY_SUSPECT ->
      votePos[me] = (replayed[me] -> pos[me] : 0); voteTl[me] = tl[me]; sendVote() }
  :: d_step { UP(me) && vote[me] && MAY_TRUST -> vote[me] = 0; voteGone(me); votePos[me] = 0; voteTl[me] = 0 }
#ifdef NO_TOMBSTONE
  :: d_step { UP(me) && sent[me] && !withdrawn[me] -> withdrawn[me] = true }
  :: d_step { sent[me] -> sent[me] = false; withdrawn[me] = false; vote[me] = 1 }
#endif
  :: d_step { UP(me) && fence[me] && (LIFTED_BY_WITHDRAWAL || LIFTED_BY_TERM) -> fence[me] = 0 }

  /* faults */
  :: d_step { MAY_FAIL && faults > 0 && UP(me) -> faults--; goDown(me) }
  :: d_step { MAY_FAIL && losses > 0 && pg[me] != EMPTY && tl[me] -> losses--; goDown(me); tl[me] = 0; pos[me] = 0; fence[me] = 0; conninfo[me] = 0 }
  :: d_step { MAY_FAIL && pg[me] == DOWN -> pg[me] = (tl[me] -> STANDBY : EMPTY); load(me); unfence(me) }
  od
}

init {
  d_step {
    pg[0] = PRIMARY; names[0] = voters; number[0] = WANTED; caughtUp[0] = voters; seenSync[0] = true;
    seenVoters[0] = voters; seenQuorum[0] = quorum;
    for (i : 1 .. N - 1) { conninfo[i] = 1; source[i] = 1 };
    for (EACH(i)) { tl[i] = 1 }
  }
  atomic { run node(0); run node(1); run node(2);
#if N == 5
    run node(3); run node(4);
#endif
    run stewards() }
}
