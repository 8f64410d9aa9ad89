package dialect

import "context"

// CreateLedger makes the ledger where it is not there. Several connections, also of several agents, may do so at once;
// who comes second is told so in many ways (a duplicate key of the catalogue, a table that exists, a lock), so after a
// failure the one question that counts is asked again.
func CreateLedger(ctx context.Context, s Session, d *Dialect, table string) error {
	there := Statement{SQL: "SELECT DELIVERY FROM " + table + " WHERE 1 = 0", Rows: true, Op: LedgerOp, Item: -1}
	create := Statement{SQL: d.LedgerDDL(table), Op: LedgerOp, Item: -1}
	var failed error
	for range 3 {
		if _, err := s.Run(ctx, []Statement{there}, false, false); err == nil || Broken(err) {
			return err
		}
		if _, failed = s.Run(ctx, []Statement{create}, false, false); failed == nil || Broken(failed) {
			return failed
		}
	}
	return failed
}
