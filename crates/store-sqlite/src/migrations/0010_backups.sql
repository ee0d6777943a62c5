-- Set in the copy that a backup is: the epoch in which it was made. While the log still is in it, the original may have gone on.
ALTER TABLE revocation_log ADD COLUMN copied_in INTEGER;
