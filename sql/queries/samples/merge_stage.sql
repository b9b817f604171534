-- Take what is new; what is there stays (a resend changes nothing, R2).
INSERT INTO sample (ts, tag_id, value, quality)
SELECT ts, tag_id, value, quality FROM sample_stage
ON CONFLICT (tag_id, ts) DO NOTHING
