use crate::world::world;

handstamp_core::shelf_contract_tests!(world);
