-- What replicas count together and may lose: no log is written for it, and after a crash, or on a standby that has become the first,
-- it is empty. Keys are keyed hashes of names; times are microseconds since 1970, by the clock of this server.

-- A bucket of attempts is one time: when it is full again (the generic cell rate algorithm). A change touches no index, and finds
-- room beside the old row.
CREATE UNLOGGED TABLE limit_buckets (
    key           bytea  NOT NULL PRIMARY KEY,
    full_again_at bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 200);

-- Somebody is known somewhere.
CREATE UNLOGGED TABLE limit_marks (
    key   bytea  NOT NULL PRIMARY KEY,
    until bigint NOT NULL
);

CREATE INDEX limit_marks_until ON limit_marks (until);

-- Takes an attempt from each bucket, or from none. Answers, for each up to the first that refuses, in how many microseconds it would
-- be full again with one attempt more, and what has counted: 1 the bucket, 2 the one in its place for somebody known, 0 nothing.
--
-- It is a function, so that the rows are locked no longer than this takes, and each look sees what was committed while it waited. All
-- callers name their buckets in the same order, of kinds that do not mix: nobody waits in a circle.
CREATE FUNCTION take_attempts(buckets bytea[], marks bytea[], insteads bytea[], windows bigint[], steps bigint[])
RETURNS TABLE (used bigint, counted bigint) LANGUAGE plpgsql AS $$
DECLARE
    now_us   CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000000;
    taken    bytea[] := '{}';
    full_at  bigint[] := '{}';
    bucket   bytea;
    until_us bigint;
BEGIN
    FOR i IN 1 .. coalesce(array_length(buckets, 1), 0) LOOP
        bucket := buckets[i];
        counted := 1;
        IF marks[i] IS NOT NULL AND EXISTS (SELECT FROM limit_marks m WHERE m.key = marks[i] AND m.until > now_us) THEN
            bucket := insteads[i];
            counted := CASE WHEN bucket IS NULL THEN 0 ELSE 2 END;
        END IF;
        used := 0;
        IF bucket IS NOT NULL THEN
            SELECT b.full_again_at INTO until_us FROM limit_buckets b WHERE b.key = bucket FOR UPDATE;
            IF NOT FOUND THEN
                INSERT INTO limit_buckets VALUES (bucket, now_us) ON CONFLICT (key) DO NOTHING;
                SELECT b.full_again_at INTO until_us FROM limit_buckets b WHERE b.key = bucket FOR UPDATE;
            END IF;
            until_us := greatest(least(coalesce(until_us, now_us), now_us + windows[i]), now_us) + steps[i];
            used := until_us - now_us;
            taken := taken || bucket;
            full_at := full_at || until_us;
        END IF;
        RETURN NEXT;
        IF used > windows[i] THEN
            RETURN;
        END IF;
    END LOOP;
    FOR i IN 1 .. coalesce(array_length(taken, 1), 0) LOOP
        UPDATE limit_buckets b SET full_again_at = full_at[i] WHERE b.key = taken[i];
    END LOOP;
END;
$$;

-- Gives attempts back, and sets marks.
CREATE FUNCTION settle_attempts(buckets bytea[], steps bigint[], marks bytea[], marked_for bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    now_us CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
    FOR i IN 1 .. coalesce(array_length(buckets, 1), 0) LOOP
        UPDATE limit_buckets b SET full_again_at = b.full_again_at - steps[i]
        WHERE b.key = buckets[i] AND b.full_again_at > now_us;
    END LOOP;
    -- One that holds for most of the time yet need not be written again with each sign-in.
    INSERT INTO limit_marks AS m SELECT mark, now_us + marked_for FROM unnest(marks) AS mark ORDER BY mark
    ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE m.until < excluded.until - marked_for / 8;
END;
$$;
