-- Who is refused writes nothing: a flood, each guess from a new address at a new account, filled the table with buckets of which nothing
-- was taken. So all of them are looked at first; only where none refuses are they locked, and looked at once more.
CREATE OR REPLACE FUNCTION take_attempts(buckets bytea[], marks bytea[], insteads bytea[], windows bigint[], steps bigint[])
RETURNS TABLE (used bigint, counted bigint) LANGUAGE plpgsql AS $$
DECLARE
    now_us   CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000000;
    locks    boolean;
    useds    bigint[];
    counteds bigint[];
    taken    bytea[];
    full_at  bigint[];
    bucket   bytea;
    until_us bigint;
BEGIN
    <<looks>>
    FOREACH locks IN ARRAY ARRAY[false, true] LOOP
        useds := '{}';
        counteds := '{}';
        taken := '{}';
        full_at := '{}';
        FOR i IN 1 .. coalesce(array_length(buckets, 1), 0) LOOP
            bucket := buckets[i];
            counted := 1;
            IF marks[i] IS NOT NULL AND EXISTS (SELECT FROM limit_marks m WHERE m.key = marks[i] AND m.until > now_us) THEN
                bucket := insteads[i];
                counted := CASE WHEN bucket IS NULL THEN 0 ELSE 2 END;
            END IF;
            used := 0;
            IF bucket IS NOT NULL THEN
                IF locks THEN
                    INSERT INTO limit_buckets VALUES (bucket, now_us) ON CONFLICT (key) DO NOTHING;
                    SELECT b.full_again_at INTO until_us FROM limit_buckets b WHERE b.key = bucket FOR UPDATE;
                ELSE
                    SELECT b.full_again_at INTO until_us FROM limit_buckets b WHERE b.key = bucket;
                END IF;
                until_us := greatest(least(coalesce(until_us, now_us), now_us + windows[i]), now_us) + steps[i];
                used := until_us - now_us;
                taken := taken || bucket;
                full_at := full_at || until_us;
            END IF;
            useds := useds || used;
            counteds := counteds || counted;
            EXIT looks WHEN used > windows[i];
        END LOOP;
    END LOOP;
    FOR i IN 1 .. cardinality(useds) LOOP
        used := useds[i];
        counted := counteds[i];
        RETURN NEXT;
        IF used > windows[i] THEN
            RETURN;
        END IF;
    END LOOP;
    FOR i IN 1 .. cardinality(taken) LOOP
        UPDATE limit_buckets b SET full_again_at = full_at[i] WHERE b.key = taken[i];
    END LOOP;
END;
$$;
