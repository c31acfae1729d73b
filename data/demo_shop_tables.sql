-- The tables of the demo shop, each table and column with its name in business words: "Label: explanation | 标签：说明".
-- Keys and indexes follow in demo_shop_keys.sql, once the rows are in.

CREATE TABLE regions (
    region_id integer NOT NULL,
    name text NOT NULL,
    name_zh text NOT NULL
);
COMMENT ON TABLE regions IS 'Regions: sales regions, each a group of stores | 区域：销售区域，每个区域包含若干门店';
COMMENT ON COLUMN regions.region_id IS 'Region ID: key of the region | 区域编号：区域的主键';
COMMENT ON COLUMN regions.name IS 'Region: English name of the sales region | 区域：销售区域的英文名称';
COMMENT ON COLUMN regions.name_zh IS 'Chinese region name: the same in Chinese | 区域中文名：销售区域的中文名称';

CREATE TABLE stores (
    store_id integer NOT NULL,
    name text NOT NULL,
    name_zh text NOT NULL,
    region_id integer NOT NULL,
    city text NOT NULL,
    city_zh text NOT NULL,
    country text NOT NULL,
    country_zh text NOT NULL,
    floor_area integer NOT NULL,
    opened_on date NOT NULL
);
COMMENT ON TABLE stores IS 'Stores: the shops; every order belongs to one, online orders to the one that ships them | 门店：各家店铺；每个订单都属于一家门店，线上订单归发货门店';
COMMENT ON COLUMN stores.store_id IS 'Store ID: key of the store | 门店编号：门店的主键';
COMMENT ON COLUMN stores.name IS 'Store: English name, made of city and district | 门店：门店英文名称，由城市和街区组成';
COMMENT ON COLUMN stores.name_zh IS 'Chinese store name: the same in Chinese | 门店中文名：门店的中文名称';
COMMENT ON COLUMN stores.region_id IS 'Region ID: the region the store belongs to | 区域编号：门店所属的区域';
COMMENT ON COLUMN stores.city IS 'City: where the store is, in English | 城市：门店所在城市的英文名称';
COMMENT ON COLUMN stores.city_zh IS 'Chinese city name: the same in Chinese | 城市中文名：门店所在城市的中文名称';
COMMENT ON COLUMN stores.country IS 'Country: where the store is, in English | 国家：门店所在国家的英文名称';
COMMENT ON COLUMN stores.country_zh IS 'Chinese country name: the same in Chinese | 国家中文名：门店所在国家的中文名称';
COMMENT ON COLUMN stores.floor_area IS 'Floor area: size of the shop floor in square metres | 营业面积：门店的营业面积，单位为平方米';
COMMENT ON COLUMN stores.opened_on IS 'Opening date: first day of business | 开业日期：门店开始营业的日期';

CREATE TABLE employees (
    employee_id integer NOT NULL,
    name text NOT NULL,
    store_id integer NOT NULL,
    job_title text NOT NULL,
    salary numeric(12, 2) NOT NULL,
    hired_on date NOT NULL,
    left_on date
);
COMMENT ON TABLE employees IS 'Employees: people who work or have worked in a store | 员工：在职和已离职的门店员工';
COMMENT ON COLUMN employees.employee_id IS 'Employee ID: key of the employee | 员工编号：员工的主键';
COMMENT ON COLUMN employees.name IS 'Employee: full name | 员工：员工姓名';
COMMENT ON COLUMN employees.store_id IS 'Store ID: the store the employee works in | 门店编号：员工所在的门店';
COMMENT ON COLUMN employees.job_title IS 'Job title: Store manager, Sales adviser, Cashier or Stock keeper | 职位：店长、销售顾问、收银员或库管员（以英文存储）';
COMMENT ON COLUMN employees.salary IS 'Salary: gross pay per year in US dollars | 工资：税前年薪，单位为美元';
COMMENT ON COLUMN employees.hired_on IS 'Hiring date: first day of work | 入职日期：员工入职的日期';
COMMENT ON COLUMN employees.left_on IS 'Leaving date: last day of work, empty for those who still work here | 离职日期：员工离职的日期，在职者为空';

CREATE TABLE customers (
    customer_id integer NOT NULL,
    name text NOT NULL,
    email text,
    segment text NOT NULL,
    loyalty_tier text,
    birth_year integer,
    newsletter boolean NOT NULL,
    joined_on date NOT NULL
);
COMMENT ON TABLE customers IS 'Customers: people and companies who signed up with us | 客户：注册过的个人和企业客户';
COMMENT ON COLUMN customers.customer_id IS 'Customer ID: key of the customer | 客户编号：客户的主键';
COMMENT ON COLUMN customers.name IS 'Customer: full name | 客户：客户姓名';
COMMENT ON COLUMN customers.email IS 'Email: address for messages, empty if unknown | 邮箱：联系邮箱，未知时为空';
COMMENT ON COLUMN customers.segment IS 'Customer segment: Consumer, Small business or Corporate | 客户类型：个人、小企业或大企业（以英文存储）';
COMMENT ON COLUMN customers.loyalty_tier IS 'Loyalty tier: Bronze, Silver or Gold, empty for those who are no members | 会员等级：铜、银或金（以英文存储），非会员为空';
COMMENT ON COLUMN customers.birth_year IS 'Birth year: of a consumer, empty if unknown | 出生年份：个人客户的出生年份，未知时为空';
COMMENT ON COLUMN customers.newsletter IS 'Newsletter: whether the customer gets it | 订阅邮件：客户是否订阅了营销邮件';
COMMENT ON COLUMN customers.joined_on IS 'Sign-up date: when the customer signed up | 注册日期：客户注册的日期';

CREATE TABLE categories (
    category_id integer NOT NULL,
    name text NOT NULL,
    name_zh text NOT NULL,
    department text NOT NULL,
    department_zh text NOT NULL
);
COMMENT ON TABLE categories IS 'Categories: groups of similar products | 品类：同类商品的分组';
COMMENT ON COLUMN categories.category_id IS 'Category ID: key of the category | 品类编号：品类的主键';
COMMENT ON COLUMN categories.name IS 'Category: English name | 品类：品类的英文名称';
COMMENT ON COLUMN categories.name_zh IS 'Chinese category name: the same in Chinese | 品类中文名：品类的中文名称';
COMMENT ON COLUMN categories.department IS 'Department: Furniture, Textiles, Kitchen, Decor or Outdoor | 部门：商品所属部门，即家具、家纺、厨房用品、家居装饰或户外（以英文存储）';
COMMENT ON COLUMN categories.department_zh IS 'Chinese department name: the same in Chinese | 部门中文名：部门的中文名称';

CREATE TABLE suppliers (
    supplier_id integer NOT NULL,
    name text NOT NULL,
    lead_time integer NOT NULL,
    partner_since date NOT NULL
);
COMMENT ON TABLE suppliers IS 'Suppliers: companies we buy our products from | 供应商：为我们供货的企业';
COMMENT ON COLUMN suppliers.supplier_id IS 'Supplier ID: key of the supplier | 供应商编号：供应商的主键';
COMMENT ON COLUMN suppliers.name IS 'Supplier: name of the company | 供应商：供应商的名称';
COMMENT ON COLUMN suppliers.lead_time IS 'Lead time: days from our purchase order to the arrival of the goods | 供货周期：从采购下单到到货的天数';
COMMENT ON COLUMN suppliers.partner_since IS 'Partner since: first day of working together | 合作开始日期：开始合作的日期';

CREATE TABLE products (
    product_id integer NOT NULL,
    name text NOT NULL,
    name_zh text NOT NULL,
    category_id integer NOT NULL,
    supplier_id integer NOT NULL,
    brand text NOT NULL,
    price numeric(12, 2) NOT NULL,
    rating numeric(2, 1),
    weight_kg numeric(8, 2),
    market_launch_date date NOT NULL,
    discontinued boolean NOT NULL
);
COMMENT ON TABLE products IS 'Products: what we sell or have sold | 商品：在售和曾经销售的商品';
COMMENT ON COLUMN products.product_id IS 'Product ID: key of the product | 商品编号：商品的主键';
COMMENT ON COLUMN products.name IS 'Product: English name | 商品：商品的英文名称';
COMMENT ON COLUMN products.name_zh IS 'Chinese product name: the same in Chinese | 商品中文名：商品的中文名称';
COMMENT ON COLUMN products.category_id IS 'Category ID: the category of the product | 品类编号：商品所属的品类';
COMMENT ON COLUMN products.supplier_id IS 'Supplier ID: who delivers the product to us | 供应商编号：商品的供应商';
COMMENT ON COLUMN products.brand IS 'Brand: name of the brand | 品牌：品牌名称';
COMMENT ON COLUMN products.price IS 'Price: list price today in US dollars | 价格：当前标价，单位为美元';
COMMENT ON COLUMN products.rating IS 'Rating: average stars from customers, 1 to 5, empty if not rated yet | 评分：客户平均评分，1 到 5 分，尚无评分时为空';
COMMENT ON COLUMN products.weight_kg IS 'Weight: in kilograms, empty if unknown | 重量：单位为千克，未知时为空';
COMMENT ON COLUMN products.market_launch_date IS 'Launch date: first day on sale | 上市日期：开始销售的日期';
COMMENT ON COLUMN products.discontinued IS 'Discontinued: whether it is no longer sold | 已停售：商品是否已停止销售';

CREATE TABLE promotions (
    promotion_id integer NOT NULL,
    name text NOT NULL,
    percent_off integer NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL
);
COMMENT ON TABLE promotions IS 'Promotions: campaigns with lower prices | 促销活动：限时优惠活动';
COMMENT ON COLUMN promotions.promotion_id IS 'Promotion ID: key of the promotion | 促销编号：促销活动的主键';
COMMENT ON COLUMN promotions.name IS 'Promotion: name and year | 促销活动：活动的英文名称和年份';
COMMENT ON COLUMN promotions.percent_off IS 'Percent off: how much lower the price is, in per cent | 优惠幅度：价格降低的百分比';
COMMENT ON COLUMN promotions.starts_on IS 'Start date: first day | 开始日期：活动的第一天';
COMMENT ON COLUMN promotions.ends_on IS 'End date: last day | 结束日期：活动的最后一天';

CREATE TABLE orders (
    order_id integer NOT NULL,
    order_date date NOT NULL,
    customer_id integer NOT NULL,
    store_id integer NOT NULL,
    employee_id integer,
    promotion_id integer,
    channel text NOT NULL,
    status text NOT NULL,
    shipping_fee numeric(12, 2) NOT NULL,
    delivery_days integer
);
COMMENT ON TABLE orders IS 'Orders: what one customer bought at one time | 订单：一位客户一次购买的记录';
COMMENT ON COLUMN orders.order_id IS 'Order ID: key of the order | 订单编号：订单的主键';
COMMENT ON COLUMN orders.order_date IS 'Order date: the day of the order; the date that sales are counted by | 下单日期：客户下单的日期，销售额按此日期统计';
COMMENT ON COLUMN orders.customer_id IS 'Customer ID: who ordered | 客户编号：下单的客户';
COMMENT ON COLUMN orders.store_id IS 'Store ID: the store that sold or shipped the order | 门店编号：售出或发货的门店';
COMMENT ON COLUMN orders.employee_id IS 'Employee ID: who sold it, empty for orders placed online | 员工编号：接待的员工，线上订单为空';
COMMENT ON COLUMN orders.promotion_id IS 'Promotion ID: the promotion it was placed under, empty for none | 促销编号：订单参加的促销活动，没有时为空';
COMMENT ON COLUMN orders.channel IS 'Channel: Walk-in, Website, Mobile app or Phone | 渠道：到店、网站、手机应用或电话（以英文存储）';
COMMENT ON COLUMN orders.status IS 'Order status: Completed, Shipped, Processing or Cancelled | 订单状态：已完成、已发货、处理中或已取消（以英文存储）';
COMMENT ON COLUMN orders.shipping_fee IS 'Shipping fee: what the customer paid for shipping in US dollars | 运费：客户支付的运费，单位为美元';
COMMENT ON COLUMN orders.delivery_days IS 'Delivery time: days from order to arrival, empty if taken home or not there yet | 配送天数：从下单到送达的天数，到店自提或尚未送达时为空';

CREATE TABLE order_lines (
    order_line_id integer NOT NULL,
    order_id integer NOT NULL,
    product_id integer NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(12, 2) NOT NULL,
    discount numeric(12, 2) NOT NULL,
    sales numeric(12, 2) NOT NULL,
    cost numeric(12, 2) NOT NULL,
    profit numeric(12, 2) NOT NULL
);
COMMENT ON TABLE order_lines IS 'Order lines: one product within an order; all figures are zero when the order was cancelled | 订单明细：订单中的一种商品；订单取消后各项数值均为零';
COMMENT ON COLUMN order_lines.order_line_id IS 'Order line ID: key of the order line | 订单明细编号：订单明细的主键';
COMMENT ON COLUMN order_lines.order_id IS 'Order ID: the order it belongs to | 订单编号：所属的订单';
COMMENT ON COLUMN order_lines.product_id IS 'Product ID: what was sold | 商品编号：售出的商品';
COMMENT ON COLUMN order_lines.quantity IS 'Quantity: pieces sold | 销量：售出的件数';
COMMENT ON COLUMN order_lines.unit_price IS 'Unit price: of one piece at the time of the order, before discount, in US dollars | 成交单价：下单时的折扣前单价，单位为美元';
COMMENT ON COLUMN order_lines.discount IS 'Discount: amount taken off in US dollars | 折扣：优惠的金额，单位为美元';
COMMENT ON COLUMN order_lines.sales IS 'Revenue: what the customer pays for the goods, quantity by unit price less discount, in US dollars | 销售额：客户为商品支付的金额，等于销量乘以单价减去折扣，单位为美元';
COMMENT ON COLUMN order_lines.cost IS 'Cost: what we paid for the goods sold in US dollars | 成本：所售商品的进货成本，单位为美元';
COMMENT ON COLUMN order_lines.profit IS 'Profit: revenue less cost in US dollars | 利润：销售额减去成本，单位为美元';

CREATE TABLE payments (
    payment_id integer NOT NULL,
    order_id integer NOT NULL,
    method text NOT NULL,
    paid_amount numeric(12, 2) NOT NULL,
    paid_at timestamptz NOT NULL
);
COMMENT ON TABLE payments IS 'Payments: money received, at most one payment for each order | 付款：收到的款项，每个订单最多一笔';
COMMENT ON COLUMN payments.payment_id IS 'Payment ID: key of the payment | 付款编号：付款的主键';
COMMENT ON COLUMN payments.order_id IS 'Order ID: the order that was paid | 订单编号：所支付的订单';
COMMENT ON COLUMN payments.method IS 'Payment method: Credit card, Debit card, Mobile wallet, Cash, Bank transfer or Gift card | 付款方式：信用卡、借记卡、移动支付、现金、银行转账或礼品卡（以英文存储）';
COMMENT ON COLUMN payments.paid_amount IS 'Amount paid: goods and shipping in US dollars | 付款金额：商品和运费合计，单位为美元';
COMMENT ON COLUMN payments.paid_at IS 'Payment time: when the money came in | 付款时间：收到款项的时间';

CREATE TABLE returns (
    return_id integer NOT NULL,
    order_line_id integer NOT NULL,
    returned_on date NOT NULL,
    reason text,
    returned_quantity integer NOT NULL,
    refund numeric(12, 2) NOT NULL
);
COMMENT ON TABLE returns IS 'Returns: goods that customers sent back | 退货：客户退回的商品';
COMMENT ON COLUMN returns.return_id IS 'Return ID: key of the return | 退货编号：退货的主键';
COMMENT ON COLUMN returns.order_line_id IS 'Order line ID: the order line that was sent back | 订单明细编号：被退回的订单明细';
COMMENT ON COLUMN returns.returned_on IS 'Return date: when the goods came back | 退货日期：商品退回的日期';
COMMENT ON COLUMN returns.reason IS 'Return reason: Changed mind, Damaged, Wrong size, Not as described, Arrived late or Faulty, empty if not given | 退货原因：改变主意、破损、尺寸不符、与描述不符、送达太晚或质量问题（以英文存储），未说明时为空';
COMMENT ON COLUMN returns.returned_quantity IS 'Returned quantity: pieces sent back | 退货数量：退回的件数';
COMMENT ON COLUMN returns.refund IS 'Refund: money paid back in US dollars | 退款：退还的金额，单位为美元';

CREATE TABLE stocktakes (
    store_id integer NOT NULL,
    product_id integer NOT NULL,
    stock integer NOT NULL,
    reorder_level integer NOT NULL,
    counted_on date
);
COMMENT ON TABLE stocktakes IS 'Stocktakes: the last count of each product in each store; not every store holds every product | 盘点记录：每家门店各商品最近一次的盘点结果';
COMMENT ON COLUMN stocktakes.store_id IS 'Store ID: where it lies | 门店编号：存放的门店';
COMMENT ON COLUMN stocktakes.product_id IS 'Product ID: what lies there | 商品编号：存放的商品';
COMMENT ON COLUMN stocktakes.stock IS 'Stock: pieces in the store | 库存：门店中的件数';
COMMENT ON COLUMN stocktakes.reorder_level IS 'Reorder level: order more when fewer pieces are left | 补货点：低于此件数时需要补货';
COMMENT ON COLUMN stocktakes.counted_on IS 'Count date: when the pieces were last counted, empty if never | 盘点日期：最近一次盘点的日期，从未盘点时为空';
