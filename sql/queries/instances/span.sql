-- Production days for which a line has instances.
SELECT min(production_date), max(production_date) FROM shift_instance WHERE line_id = %(line_id)s AND NOT retired
